//! Harness of project 8: asks for the parity of random spike trains.

use std::process::ExitCode;

use ndarray::Array1;
use testat_kit::check::Measured;
use testat_kit::link::Message;
use testat_kit::report::Comparison::Exactly;
use testat_kit::run::{Grading, Rule, blame};
use testat_kit::subject::{Request, unfit};
use testat_kit::supervisor::Fault;

/// The checks, in the order of `project.toml`.
const RULES: [Rule; 2] = [
    Rule { id: "start", title: "The program starts and answers", comparison: Exactly },
    Rule { id: "parity", title: "Parity", comparison: Exactly },
];

/// The student's function: what Python calls, and what a Rust subject finds by the operation's name.
const CALL: &str = "parity(spikes) -> odd:int";

/// Stream of the spike trains.
const TRAINS: u64 = 1;
const COUNT: usize = 20;

fn main() -> ExitCode {
    testat_kit::run::main(&RULES, grade)
}

fn grade(grading: &mut Grading) -> Result<(), Fault> {
    if !grading.begin()? {
        return Ok(());
    }
    let mut stream = grading.stream(TRAINS);
    let mut wrong = Vec::new();
    for done in 0..COUNT {
        grading.progress("parity", done, COUNT)?;
        let length = stream.between(1, 40);
        let train: Array1<u8> = (0..length).map(|_| u8::from(stream.chance(0.4))).collect();
        let spikes = train.iter().filter(|spike| **spike == 1).count();
        let due = (spikes % 2) as i64;
        let request = Request::ask("p8.parity", CALL, Message::new().with("spikes", &train));
        let reply = grading.subject.ask(request);
        match reply.and_then(|reply| reply.integers("odd", &[1]).map_err(unfit("parity"))) {
            Ok(odd) if odd.first() == Some(&due) => {}
            Ok(_) => wrong.push(format!("{spikes} spikes in {length} steps, expected {due}")),
            Err(trouble) => {
                let failed = blame(trouble)?;
                grading.decide("parity", failed)?;
                return Ok(());
            }
        }
    }
    let message = match wrong.first() {
        None => format!("all {COUNT} answers are right"),
        Some(first) => format!("{} of {COUNT} answers are wrong; the first: {first}", wrong.len()),
    };
    grading.decide("parity", Measured::new(wrong.len() as f64, message))?;
    Ok(())
}
