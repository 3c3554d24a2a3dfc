//! What the rehearsed gradings of every project are held to; each project's tests take it in by its path.

use testat_kit::rehearsal::Rehearsal;
use testat_kit::report::Verdict;
use testat_kit::run::Rule;

/// Most bytes that all figures of a grading may take, as JSON.
const FIGURES: usize = 64 << 10;

/// `project.toml` and harness list the same checks in one order, with the thresholds that the tests use.
pub(crate) fn assert_same_checks(project: &str, rules: &[Rule], thresholds: &[(&str, f64)]) {
    let project: toml::Table = project.parse().unwrap();
    let checks = project["check"].as_array().unwrap();
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let written: Vec<_> = checks
        .iter()
        .map(|check| (text(&check["id"]), text(&check["title"]), text(&check["comparison"])))
        .collect();
    let ours: Vec<_> = rules
        .iter()
        .map(|rule| {
            let sign = serde_json::to_value(rule.comparison).unwrap();
            (rule.id.to_owned(), rule.title.to_owned(), sign.as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(written, ours);
    assert_eq!(checks.len(), thresholds.len());
    for (check, (id, threshold)) in checks.iter().zip(thresholds) {
        let written = &check["threshold"];
        let written = written.as_float().or_else(|| written.as_integer().map(|n| n as f64));
        assert_eq!((check["id"].as_str(), written), (Some(*id), Some(*threshold)));
    }
}

/// Every check passed, in the harness's order, with these figures, and the same once more.
pub(crate) fn assert_passes_alike(
    once: &Rehearsal,
    again: &Rehearsal,
    rules: &[Rule],
    figures: &[&str],
) {
    assert_eq!(once.failed(), Vec::<&str>::new(), "{:#?}", once.checks);
    assert_eq!(once.verdict, Some(Verdict::Passed));
    let ids: Vec<&str> = once.checks.iter().map(|check| check.id.as_str()).collect();
    assert_eq!(ids, rules.iter().map(|rule| rule.id).collect::<Vec<_>>());
    let shown: Vec<&str> = once.figures.iter().map(|figure| figure.id.as_str()).collect();
    assert_eq!(shown, figures);
    let bytes = serde_json::to_vec(&once.figures).unwrap().len();
    assert!(bytes < FIGURES, "{bytes} bytes of figures");
    assert_eq!(once.checks, again.checks);
    assert_eq!(once.figures, again.figures);
}
