//! What `verify` found, as Markdown that can go into a page as it is.

use testat_kit::report::Comparison;

use super::Verification;
use crate::grading::chance::Luck;
use crate::grading::evidence::{
    self, CHANCE_LIMIT, CheckLuck, Closest, Cost, Evidence, Margins, Miss,
};
use crate::grading::trial::{Outcome, Trial};

/// A check that lies further from its threshold is no matter of luck.
const FAR: f64 = 100.0;

/// Everything: what it was, the overview, the costs, each grader, and what did not come out right.
pub fn whole(verification: &Verification) -> String {
    let plan = &verification.plan;
    let each = plan
        .wrong_each
        .map_or_else(String::new, |each| format!(" (no more than {each} of each check)"));
    let mut text = format!(
        "Seeds from {} on: {} for each reference, {} for each wrong solution{each}; {} side by side. Runtime \
         `{}`.\n\n### Right and wrong, passed and failed\n\n",
        plan.first_seed,
        plan.seeds,
        plan.wrong_seeds,
        plan.jobs,
        verification.runtime.chars().take(12).collect::<String>()
    );
    text.push_str(&overview(&verification.graders));
    text.push_str("\n### What did not come out as it must\n\n");
    text.push_str(&misses(&verification.graders));
    text.push_str("\n### What the references take\n\n");
    text.push_str(&costs(&verification.graders));
    for grader in &verification.graders {
        text.push_str(&format!(
            "\n### {}. {}\n\nGrader `{}` {}.\n\n",
            grader.number, grader.title, grader.slug, grader.version
        ));
        text.push_str(&margins(grader));
        text.push('\n');
        text.push_str(&lucks(grader));
    }
    text
}

/// One row a grader: its confusion matrix, and the chance that luck fails a right solution.
fn overview(graders: &[Evidence]) -> String {
    let row = |grader: &Evidence| {
        let counts = &grader.confusion;
        vec![
            format!("{}. {}", grader.number, grader.title),
            counts.right_passed.to_string(),
            counts.right_failed.to_string(),
            counts.wrong_passed.to_string(),
            counts.wrong_failed.to_string(),
            counts.faults.to_string(),
            grader.chance.map_or_else(
                || "-".to_owned(),
                |chance| marked(probability(chance), chance <= CHANCE_LIMIT),
            ),
        ]
    };
    table(
        &[
            "project",
            "right, passed",
            "right, failed",
            "wrong, passed",
            "wrong, failed",
            "no verdict",
            "chance that luck fails a right one (at most 1e-4)",
        ],
        graders.iter().map(row),
    )
}

fn misses(graders: &[Evidence]) -> String {
    let mut text = String::new();
    for grader in graders {
        for Miss { solution, seed, failed } in &grader.misses {
            let slug = &grader.slug;
            let how = if failed.is_empty() {
                "passed".to_owned()
            } else {
                format!("failed by `{}`", failed.join("`, `"))
            };
            text.push_str(&format!("- `{slug}` {solution}, seed {seed}: {how}\n"));
        }
        for Trial { solution, seed, outcome } in &grader.trials {
            if let Outcome::Fault { fault } = outcome {
                let slug = &grader.slug;
                text.push_str(&format!(
                    "- `{slug}` {solution}, seed {seed}: no verdict: {fault}\n"
                ));
            }
        }
    }
    if text.is_empty() {
        text.push_str(
            "Nothing: every reference passed, and every wrong solution was failed by the check that its \
             folder names.\n",
        );
    }
    text
}

/// What the references take beside the limits; a figure over its limit is bold.
pub fn costs(graders: &[Evidence]) -> String {
    let rows = graders
        .iter()
        .flat_map(|grader| grader.costs.iter().map(move |cost| cost_row(&grader.slug, cost)));
    table(
        &[
            "project",
            "language",
            "CPU of the build, s",
            "CPU of the program, s",
            "at most",
            "limit, both",
            "wall clock, s",
            "ours",
            "limit",
        ],
        rows,
    )
}

fn cost_row(slug: &str, cost: &Cost) -> Vec<String> {
    let cpu_limit = evidence::cpu_limit_s(cost.language);
    let share_limit = evidence::own_share_limit(cost.language);
    let share = format!("{:.1} %", 100.0 * cost.own_share);
    vec![
        slug.to_owned(),
        cost.language.to_string(),
        format!("{:.2}", cost.build_cpu_s),
        format!("{:.2}", cost.cpu_s),
        marked(format!("{:.2}", cost.cpu_max_s), cost.build_cpu_s + cost.cpu_max_s < cpu_limit),
        format!("{cpu_limit}"),
        format!("{:.2}", cost.wall_s),
        marked(share, cost.own_share <= share_limit),
        format!("{:.0} %", 100.0 * share_limit),
    ]
}

fn margins(grader: &Evidence) -> String {
    let row = |margins: &Margins| {
        let mut cells = vec![
            format!("`{}`", margins.id),
            format!("{} {}", sign(margins.comparison), number(margins.threshold)),
        ];
        cells.extend(closest(margins.right.as_ref()));
        cells.push(margins.wrong_solutions.to_string());
        cells.extend(closest(margins.wrong.as_ref()));
        cells
    };
    table(
        &[
            "check",
            "required",
            "worst of the right",
            "margin",
            "which, seed",
            "wrong ones",
            "best of them",
            "margin",
            "which, seed",
        ],
        grader.margins.iter().map(row),
    )
}

/// Value, margin, and where it came from.
fn closest(closest: Option<&Closest>) -> [String; 3] {
    let Some(closest) = closest else { return ["-", "-", "-"].map(str::to_owned) };
    let value = closest.value.map_or_else(|| "nothing".to_owned(), number);
    let margin = closest.margin.map_or_else(|| "-".to_owned(), number);
    [value, margin, format!("{}, {}", closest.solution, closest.seed)]
}

fn lucks(grader: &Evidence) -> String {
    if grader.chance.is_none() {
        return "One seed says nothing about luck.\n".to_owned();
    }
    let near: Vec<&CheckLuck> = grader.lucks.iter().filter(|luck| luck.luck.z < FAR).collect();
    if near.is_empty() {
        return format!(
            "No check's value comes within {FAR} standard deviations of its threshold: nothing is a \
             matter of luck.\n"
        );
    }
    let row = |CheckLuck { language, id, values, luck }: &CheckLuck| {
        let Luck { mean, sd, z, once, finally } = *luck;
        vec![
            format!("`{id}`"),
            language.to_string(),
            values.to_string(),
            number(mean),
            number(sd),
            format!("{z:.1}"),
            probability(once),
            probability(finally),
        ]
    };
    table(
        &["check", "language", "n", "mean", "sd", "z", "p, one data set", "p, finally"],
        near.into_iter().map(row),
    )
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::AtLeast => ">=",
        Comparison::AtMost => "<=",
        Comparison::Exactly => "=",
    }
}

/// Bold when it is not as it should be.
fn marked(text: String, fine: bool) -> String {
    if fine { text } else { format!("**{text}**") }
}

/// No tail is known so well that a smaller number would mean anything.
fn probability(p: f64) -> String {
    if p < 1e-15 { "< 1e-15".to_owned() } else { number(p) }
}

/// Four digits; very small and very large ones with a power of ten.
fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e5).contains(&size) {
        format!("{value:.1e}")
    } else {
        let whole = size.log10().floor() as i32;
        let digits = usize::try_from(3 - whole).unwrap_or(0);
        let text = format!("{value:.digits$}");
        let shown = if text.contains('.') { text.trim_end_matches('0') } else { &text };
        shown.trim_end_matches('.').to_owned()
    }
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}
