//! What is found in common between programs, and what is not: the reference solutions and their variants as
//! material, and programs made at random.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use testat::code::{Grammar, tokens};
use testat::copies::{
    File, GRAM, GUARANTEE, Known, Limits, Pair, Program, Rules, Source, clusters, fingerprints,
    pairs,
};

fn graders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("graders")
}

fn source(path: &str, text: &str) -> Source {
    Source::of(&[File { path: path.to_owned(), text: text.to_owned() }], Limits::default())
}

/// The files of a folder that have this ending.
fn sources_in(folder: &Path, ending: &str) -> Vec<File> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources_in(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            let text = std::fs::read_to_string(&path).unwrap();
            files.push(File { path: path.display().to_string(), text });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// What a project's students were given.
fn kit(project: &Path, language: &str, ending: &str) -> Known {
    let mut known = Known::default();
    let files = sources_in(&project.join("starter").join(language), ending);
    known.add(&Source::of(&files, Limits::default()));
    known
}

fn program(author: usize, source: &Source, known: &Known) -> Program {
    Program { author, asked: true, prints: fingerprints(source, known) }
}

/// Everything that two programs have in common, however little.
fn compared(left: &Source, right: &Source, known: &Known) -> Option<Pair> {
    let rules = Rules { least_tokens: 1, least_share: 0, ..Rules::default() };
    pairs(&[program(0, left, known), program(1, right, known)], rules).pop()
}

fn share(left: &Source, right: &Source, known: &Known) -> u32 {
    compared(left, right, known).map_or(0, |pair| pair.left_share.max(pair.right_share))
}

fn reference(project: &str, language: &str) -> Source {
    let (folder, ending) = match language {
        "python" => (graders().join(project).join("reference/python"), "py"),
        _ => (graders().join(project).join("reference/rust"), "rs"),
    };
    Source::of(&sources_in(&folder, ending), Limits::default())
}

fn projects() -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(graders())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    found.sort();
    assert_eq!(found.len(), 7);
    found
}

/// The wrong solutions of a project in Python: each the reference with one thing changed.
fn variants(project: &str) -> Vec<(String, Source)> {
    let mut found = Vec::new();
    for check in std::fs::read_dir(graders().join(project).join("wrong")).unwrap() {
        for one in std::fs::read_dir(check.unwrap().path()).unwrap() {
            let folder = one.unwrap().path();
            let source = Source::of(&sources_in(&folder, "py"), Limits::default());
            found.push((folder.display().to_string(), source));
        }
    }
    found
}

#[test]
fn each_wrong_solution_is_found_to_be_a_variant_of_its_reference() {
    let mut count = 0;
    for project in projects() {
        let known = kit(&graders().join(&project), "python", "py");
        let reference = reference(&project, "python");
        for (name, variant) in variants(&project) {
            let share = share(&reference, &variant, &known);
            assert!(share >= 600, "{name}: {share}");
            count += 1;
        }
    }
    assert!(count > 400, "{count}");
}

#[test]
fn two_who_solve_the_same_project_by_themselves_have_little_in_common() {
    for project in projects() {
        let known = kit(&graders().join(&project), "rust", "rs");
        let own = sources_in(&graders().join(&project).join("src"), "rs");
        let harness = Source::of(&own, Limits { tokens: 200_000 });
        // The harness's solution and the reference were written apart, after the same hand-out.
        let share = share(&reference(&project, "rust"), &harness, &known);
        assert!(share <= 350, "{project}: {share}");
    }
}

#[test]
fn programs_for_unlike_projects_have_next_to_nothing_in_common() {
    let (lif, known) = (reference("3-lif", "python"), Known::default());
    for other in projects().iter().filter(|project| *project != "3-lif") {
        let share = share(&lif, &reference(other, "python"), &known);
        assert!(share <= 60, "{other}: {share}");
    }
}

#[test]
fn what_the_starter_kit_gives_is_nobodys() {
    for project in projects() {
        for (language, ending) in [("python", "py"), ("rust", "rs")] {
            let known = kit(&graders().join(&project), language, ending);
            let folder = graders().join(&project).join("starter").join(language);
            let given = Source::of(&sources_in(&folder, ending), Limits::default());
            assert_eq!(fingerprints(&given, &known), [], "{project} {language}");
        }
    }
}

const PYTHON: &str = r#"
import numpy as np

def forward(params, images, slope):
    """Activations of each layer."""
    hidden = images
    kept = [images]
    for weights, bias in params[:-1]:
        drive = hidden @ weights + bias  # the drive
        hidden = np.where(drive > 0, drive, slope * drive)
        kept.append(hidden)
    weights, bias = params[-1]
    return hidden @ weights + bias, kept

def loss(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(shifted).sum(axis=1))
    picked = shifted[np.arange(len(labels)), labels]
    return float(np.mean(total - picked))

def step(params, gradients, rate, velocity):
    moved = []
    for (weights, bias), (change, shift) in zip(params, gradients):
        velocity = 0.9 * velocity + change
        moved.append((weights - rate * velocity, bias - rate * shift))
    return moved, velocity
"#;

/// Other names, numbers, comments and spaces, and the functions the other way round.
const DISGUISED: &str = r#"
import numpy as numpy_library

# My very own work.
def update(theta, grads, lr, momentum):

    out = [ ]
    for (w, b), (dw, db) in zip(theta, grads):
        momentum = 0.95 * momentum + dw
        out.append(
            (
                w - lr * momentum,
                b - lr * db,
            )
        )
    return out, momentum

def cross_entropy(scores, y):
    'The usual loss, which I thought of by myself.'
    s = scores - scores.max(axis=1, keepdims=True)
    # sum up
    z = np.log(np.exp(s).sum(axis=1))
    p = s[np.arange(len(y)), y]
    return float(np.mean(z - p))

def predict(theta, x, alpha):
    a = x
    cache = [x]
    for w, b in theta[:-1]:
        u = a @ w + b
        a = np.where(u > 0, u, alpha * u)
        cache.append(a)
    w, b = theta[-1]
    return a @ w + b, cache
"#;

#[test]
fn new_names_numbers_comments_spaces_and_order_hide_nothing() {
    let known = Known::default();
    let (one, other) = (source("solution.py", PYTHON), source("solution.py", DISGUISED));
    let pair = compared(&one, &other, &known).unwrap();
    assert!(pair.left_share >= 900 && pair.right_share >= 900, "{pair:?}");
    let lines: Vec<(u32, u32)> =
        pair.parts.iter().map(|part| (part.left.from, part.right.from)).collect();
    let three: Vec<&str> = lines
        .iter()
        .filter_map(|(left, _)| PYTHON.lines().nth(*left as usize - 1))
        .filter(|line| line.starts_with("def "))
        .collect();
    assert!(pair.parts.len() >= 3 && !three.is_empty(), "each function where it stands: {lines:?}");
}

#[test]
fn a_small_solution_inside_much_of_ones_own_is_found_by_its_own_share() {
    let mut padded = PYTHON.to_owned();
    for n in 0..200 {
        padded += &format!(
            "\ndef own_{n}(a):\n    while a > {n}:\n        a = [a % 7, {{a: a}}][0] {}\n    yield a\n",
            "- a ** 2 ".repeat(n % 9)
        );
    }
    let pair = compared(
        &source("solution.py", PYTHON),
        &source("solution.py", &padded),
        &Known::default(),
    );
    let pair = pair.unwrap();
    assert!(pair.left_share >= 950 && pair.right_share < 200, "{pair:?}");
}

#[test]
fn what_many_have_is_no_sign_of_copying() {
    let known = Known::default();
    let everyone = |n: usize| {
        let own = format!("def own(a):\n    return [a{}]\n", " + a * a".repeat(n));
        source("solution.py", &format!("{PYTHON}\n{own}"))
    };
    let class: Vec<Program> = (0..60).map(|n| program(n, &everyone(n), &known)).collect();
    assert_eq!(pairs(&class, Rules::default()), [], "all sixty");
    let few: Vec<Program> = (0..6).map(|n| program(n, &everyone(n), &known)).collect();
    assert_eq!(pairs(&few, Rules::default()).len(), 15, "each two of six");
    let same: Vec<Program> = (0..6).map(|n| program(n / 6, &everyone(n), &known)).collect();
    assert_eq!(pairs(&same, Rules::default()), [], "all of one author");
    let mut earlier = few;
    for one in &mut earlier[2..] {
        one.asked = false;
    }
    assert_eq!(pairs(&earlier, Rules::default()).len(), 9, "not those of earlier years alone");
}

#[test]
fn text_that_is_no_program_or_never_ends_is_read_all_the_same() {
    let deep = format!("x = {}1{}", "(".repeat(60_000), ")".repeat(60_000));
    let broken = "def f(:\n  <<<< return ]]] \u{202e} \u{0} 'unclosed".repeat(500);
    let long = format!("x = [{}", "1, ".repeat(80_000));
    for (name, text) in [("deep", deep), ("broken", broken), ("long", long)] {
        for path in ["solution.py", "src/solution.rs"] {
            let begun = std::time::Instant::now();
            let read = source(path, &text);
            let _ = fingerprints(&read, &Known::default());
            assert!(begun.elapsed().as_secs() < 10, "{name} as {path}: {:?}", begun.elapsed());
        }
    }
}

#[test]
fn groups_are_what_hangs_together() {
    let found = clusters(8, &[(5, 6), (0, 2), (2, 4), (4, 0), (6, 7)]);
    let members: Vec<&[usize]> = found.iter().map(|one| one.members.as_slice()).collect();
    assert_eq!(members, [&[0, 2, 4][..], &[5, 6, 7][..]]);
    let pairs: Vec<&[usize]> = found.iter().map(|one| one.pairs.as_slice()).collect();
    assert_eq!(pairs, [&[1, 2, 3][..], &[0, 4][..]]);
    assert_eq!(clusters(3, &[]), []);
}

/// Statements of Python that are one token each, all told apart.
const WORDS: [&str; 11] =
    ["pass", "break", "continue", "return", "raise", "yield", "None", "True", "False", "name", "1"];

fn words(few: std::ops::Range<usize>) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::collection::vec(proptest::sample::select(&WORDS[..]), few)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// What winnowing promises, at its edge and beyond: whatever is around it.
    #[test]
    fn a_run_as_long_as_the_guarantee_is_always_found(
        (before, after) in (words(0..60), words(0..60)),
        (ahead, behind) in (words(0..60), words(0..60)),
        shared in words(GUARANTEE..GUARANTEE + 20),
    ) {
        let text = |before: &[&str], after: &[&str]| [before, &shared, after].concat().join("\n");
        let (one, other) = (text(&before, &after), text(&ahead, &behind));
        let count = tokens(Grammar::Python, &one).unwrap().len();
        prop_assert_eq!(count, before.len() + shared.len() + after.len(), "one token each");
        let pair = compared(&source("a.py", &one), &source("b.py", &other), &Known::default());
        prop_assert!(pair.is_some_and(|pair| pair.matched >= GRAM));
    }

    #[test]
    fn tokens_stand_in_order_between_whole_characters_whatever_the_text(
        text in "(def |fn |\"|'|#|//|/\\*|\\(|\\)|[{}\\[\\]:;=+ \n\t]|[a-z0-9]{1,6}|\\PC|ß|🦀|\u{202e}){0,120}",
    ) {
        for grammar in [Grammar::Python, Grammar::Rust] {
            let mut end = 0;
            for token in tokens(grammar, &text).unwrap_or_default() {
                prop_assert!(token.start >= end && token.end > token.start, "{token:?}");
                prop_assert!(text.get(token.start..token.end).is_some(), "{token:?} in {text:?}");
                end = token.end;
            }
        }
    }

    #[test]
    fn no_share_is_larger_than_all_and_parts_never_overlap(
        one in words(0..200), other in words(0..200),
    ) {
        let (one, other) = (source("a.py", &one.join("\n")), source("b.py", &other.join("\n")));
        if let Some(pair) = compared(&one, &other, &Known::default()) {
            prop_assert!(pair.left_share <= 1000 && pair.right_share <= 1000);
            let matched: usize = pair.parts.iter().map(|part| part.tokens).sum();
            prop_assert_eq!(matched, pair.matched);
        }
    }
}
