//! The checks of single rules: `hebb`, `oja`, `bcm`, `stdp`, `window`.

use ndarray::{Array1, Array2};
use testat_kit::check::{scaled_err, worst};
use testat_kit::figure;
use testat_kit::run::Grading;
use testat_kit::subject::{Trouble, unfit};
use testat_kit::supervisor::Fault;
use testat_kit::tally::{Tally, Wrong};
use testat_kit::words::entry;

use crate::draws::{self, Kind, PairCase, RateCase, WindowCase};
use crate::reference::{Course, RateRule};
use crate::{diagnosis, pictures, requests, words};

/// Streams of the arguments of `hebb`, `oja`, `bcm`, `stdp` and `stdp_window`.
const STREAMS: [u64; 5] = [1, 2, 3, 4, 5];

/// Decides them all, and shows the errors and some courses.
///
/// # Errors
/// [`Fault`] for our own trouble.
pub fn grade(grading: &mut Grading) -> Result<(), Fault> {
    let [hebb, oja, bcm, pairs, window] = STREAMS;
    let mut bars = Vec::new();
    let rates = [
        (Kind::Hebb, "hebb", "hebb ", hebb),
        (Kind::Oja, "oja", "oja ", oja),
        (Kind::Bcm, "bcm", "bcm ", bcm),
    ];
    for (kind, id, label, stream) in rates {
        let cases = draws::rate_cases(&mut grading.stream(stream), kind);
        let mut tally = Tally::new(id, label, grading.threshold(id)?);
        let first = rate(grading, id, &cases, &mut tally)?;
        tally.settle(grading, id, &mut bars)?;
        if let Some((case, got)) = first
            && kind != Kind::Hebb
        {
            grading.show(pictures::course(id, &got.w, &case.course.w))?;
        }
    }

    let cases = draws::pair_cases(&mut grading.stream(pairs));
    let mut tally = Tally::new("stdp", "stdp ", grading.threshold("stdp")?);
    let first = stdp(grading, &cases, &mut tally)?;
    tally.settle(grading, "stdp", &mut bars)?;
    if let Some((case, got)) = first {
        grading.show(pictures::course("stdp", &got, &case.w))?;
    }

    let cases = draws::window_cases(&mut grading.stream(window));
    let mut tally = Tally::new("stdp_window", "window ", grading.threshold("window")?);
    let first = stdp_window(grading, &cases, &mut tally)?;
    tally.settle(grading, "window", &mut bars)?;
    if let Some((case, got)) = first {
        grading.show(pictures::window(case, &got))?;
    }
    grading.show(figure::errors_figure(&bars, grading.threshold("stdp")?))
}

/// The first call, and what came of it.
type First<'a, Case, Got> = Option<(&'a Case, Got)>;

fn rate<'a>(
    grading: &mut Grading,
    id: &'static str,
    cases: &'a [RateCase],
    tally: &mut Tally,
) -> Result<First<'a, RateCase, Course>, Fault> {
    let mut first = None;
    for (done, case) in cases.iter().enumerate() {
        grading.progress(id, done, cases.len())?;
        match ask_rate(grading, id, case) {
            Ok(got) => {
                let right = &case.course;
                tally.note("W", scaled_err(&got.w, &right.w));
                if let RateRule::Bcm { .. } = case.rule {
                    tally.note("theta", scaled_err(&got.theta, &right.theta));
                }
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_rate(case),
                    place: place(&got, right),
                    hint: diagnosis::of_course(&got, case),
                });
                first.get_or_insert((case, got));
            }
            Err(trouble) => {
                let hint = "Numbers that grow without bound come of a rule that nothing holds: \
                            compare its terms with the handout's.";
                tally.stop(trouble, &words::of_rate(case), Some(hint))?;
                break;
            }
        }
    }
    Ok(first)
}

/// Where weights or threshold differ most, in words.
fn place(got: &Course, right: &Course) -> Option<String> {
    if scaled_err(&got.theta, &right.theta) > scaled_err(&got.w, &right.w) {
        worst(&got.theta, &right.theta).map(|at| entry("theta", &at))
    } else {
        worst(&got.w, &right.w).map(|at| entry("W", &at))
    }
}

fn ask_rate(grading: &mut Grading, id: &'static str, case: &RateCase) -> Result<Course, Trouble> {
    let reply = grading.subject.ask(requests::rate(case))?;
    let (size, steps) = (case.course.w.dim(), case.course.theta.len());
    let read = || {
        let mut names = vec!["W".to_owned()];
        let mut course = Course { w: Array2::zeros((0, 0)), theta: case.course.theta.clone() };
        if let RateRule::Bcm { .. } = case.rule {
            names.push("theta".to_owned());
            reply.expect_only(&names, &[])?;
            course.theta = reply.vector("theta", steps)?;
        } else {
            reply.expect_only(&names, &[])?;
        }
        course.w = reply.matrix("W", size)?;
        Ok(course)
    };
    read().map_err(unfit(id))
}

fn stdp<'a>(
    grading: &mut Grading,
    cases: &'a [PairCase],
    tally: &mut Tally,
) -> Result<First<'a, PairCase, Array2<f64>>, Fault> {
    let mut first = None;
    for (done, case) in cases.iter().enumerate() {
        grading.progress("stdp", done, cases.len())?;
        let reply = grading.subject.ask(requests::stdp(case)).and_then(|reply| {
            let read = reply.expect_only(&["W".to_owned()], &[]);
            read.and_then(|()| reply.matrix("W", case.w.dim())).map_err(unfit("stdp"))
        });
        match reply {
            Ok(got) => {
                tally.note("W", scaled_err(&got, &case.w));
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_pairs(case),
                    place: worst(&got, &case.w).map(|at| entry("W", &at)),
                    hint: diagnosis::of_pairs(&got, case),
                });
                first.get_or_insert((case, got));
            }
            Err(trouble) => {
                tally.stop(trouble, &words::of_pairs(case), None)?;
                break;
            }
        }
    }
    Ok(first)
}

fn stdp_window<'a>(
    grading: &mut Grading,
    cases: &'a [WindowCase],
    tally: &mut Tally,
) -> Result<First<'a, WindowCase, Array1<f64>>, Fault> {
    let mut first = None;
    for (done, case) in cases.iter().enumerate() {
        grading.progress("window", done, cases.len())?;
        let reply = grading.subject.ask(requests::window(case)).and_then(|reply| {
            let read = reply.expect_only(&["dw".to_owned()], &[]);
            read.and_then(|()| reply.vector("dw", case.d.len())).map_err(unfit("stdp_window"))
        });
        match reply {
            Ok(got) => {
                tally.note("dw", scaled_err(&got, &case.dw));
                tally.hold(case.turn, || Wrong {
                    arguments: words::of_window(case),
                    place: worst(&got, &case.dw).map(|at| {
                        format!("{}{}", entry("dw", &at), for_difference(case, &at.index))
                    }),
                    hint: diagnosis::of_window(&got, case),
                });
                first.get_or_insert((case, got));
            }
            Err(trouble) => {
                let hint = "Far from 0 the exponential of the side that does not apply overflows, and \
                            0 times infinity is no number: choose the side before, or use |d|.";
                tally.stop(trouble, &words::of_window(case), Some(hint))?;
                break;
            }
        }
    }
    Ok(first)
}

/// ` for d = 12.30 ms`, of the entry at `index`.
fn for_difference(case: &WindowCase, index: &[usize]) -> String {
    let d = index.first().and_then(|at| case.d.get(*at));
    d.map(|d| format!(" for d = {} ms", testat_kit::words::number(*d))).unwrap_or_default()
}
