//! What a grading's report looks like in the API: [`testat_kit::report::Report`] as it is sent,
//! described here because the kit's shape is shared with the harnesses, which know no API.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// All that one grading says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportShape {
    /// `passed` or `failed`.
    verdict: String,
    /// 64 hexadecimal digits.
    seed: String,
    grader: GraderShape,
    /// Hash of the system that the program saw.
    runtime: String,
    /// `python` or `rust`.
    language: String,
    /// In the order of the hand-out.
    checks: Vec<CheckShape>,
    /// In the order drawn; without those that would give a draw away to whoever may not see it.
    figures: Vec<FigureShape>,
    /// What the program wrote to stdout and stderr, cut to the limit.
    log: String,
    usage: UsageShape,
    /// Whether the host could not enforce every limit.
    weak_limits: bool,
}

/// Which grader judged.
#[derive(Debug, Serialize, ToSchema)]
struct GraderShape {
    /// The project's.
    slug: String,
    version: String,
}

/// One thing that was measured.
#[derive(Debug, Serialize, ToSchema)]
struct CheckShape {
    /// Stable name, such as `grads`.
    id: String,
    title: String,
    passed: bool,
    /// None when nothing could be measured.
    value: Option<f64>,
    /// `>=`, `<=` or `==`.
    comparison: String,
    threshold: f64,
    /// What was asked, what came, what was expected.
    message: String,
}

/// A picture of what was measured, as data.
#[derive(Debug, Serialize, ToSchema)]
struct FigureShape {
    /// Stable name, such as `confusion`.
    id: String,
    title: String,
    /// The same in words.
    alt: String,
    /// `everyone` or `instructors`.
    audience: String,
    /// Whether the data are the program's own claim, which nobody graded.
    reported_by_subject: bool,
    plot: PlotShape,
}

/// One of four kinds; which fields there are depends on `kind`.
#[derive(Debug, Serialize, ToSchema)]
struct PlotShape {
    /// `lines`, `bars`, `matrix` or `raster`.
    kind: String,
    /// Of lines and rasters.
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<AxisShape>,
    /// Of lines and bars.
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<AxisShape>,
    /// Of lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Vec<SeriesShape>>,
    /// Of bars.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
    /// Of bars: a number for each label. Of a matrix: a list of numbers for each row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Value>>)]
    values: Option<Vec<serde_json::Value>>,
    /// Of bars: a line across.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    /// Of a matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<String>>,
    /// Of a matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<Vec<String>>,
    /// Of a matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    row_label: Option<String>,
    /// Of a matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    column_label: Option<String>,
    /// Of a raster: for each neuron the times at which it fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    spikes: Option<Vec<Vec<f64>>>,
}

/// One axis.
#[derive(Debug, Serialize, ToSchema)]
struct AxisShape {
    label: String,
    /// Empty if it has none.
    unit: String,
    /// Whether it is logarithmic.
    log: bool,
}

/// A named run of points.
#[derive(Debug, Serialize, ToSchema)]
struct SeriesShape {
    name: String,
    /// Pairs of x and y.
    points: Vec<Vec<f64>>,
}

/// What the grading took.
#[derive(Debug, Serialize, ToSchema)]
struct UsageShape {
    cpu_ms: u64,
    wall_ms: u64,
    peak_memory_bytes: u64,
    /// Wall-clock milliseconds of `unpack`, `build`, `start`, `grade` and `store`.
    phases: BTreeMap<String, f64>,
    /// The limits at which the program or its build was ended.
    exceeded: Vec<ExceededShape>,
}

/// A limit at which a program was ended.
#[derive(Debug, Serialize, ToSchema)]
struct ExceededShape {
    /// `cpu`, `wall` or `request` in milliseconds; `memory`, `output` or `file_size` in bytes.
    limit: String,
    /// `build` or `grade`.
    phase: String,
    /// Of a request: the function that was asked.
    function: Option<String>,
    allowed: u64,
    /// As far as it was seen: no more than is allowed where the system refuses the rest.
    used: u64,
}
