//! When things are: fourteen weekly lectures, the windows of the projects, the days on which
//! submissions are counted. All in Europe/Zurich, through its changes of clocks.
//!
//! A project covers two lectures. It opens at 00:00 on the day of the first of them and is due at
//! 23:59:59 on the eve of the day on which the next project opens: with the first lecture on
//! 2026-09-16, project 1 opens 2026-09-16 00:00 and is due 2026-09-29 23:59:59, project 2 opens
//! 2026-09-30 00:00, and so on. Exactly one project is open at any time of the semester.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::ProjectNumber;

/// Weekly lectures in a semester.
pub const LECTURES: u32 = 14;
/// Projects in a semester, unless it says otherwise.
pub const PROJECTS: u32 = 7;
/// Weeks that a project covers: one lecture each.
pub const WEEKS_A_PROJECT: u32 = LECTURES / PROJECTS;
/// The time of day at which a project is due, unless it says otherwise.
pub const DUE_AT: Time = Time::constant(23, 59, 59, 0);

/// When a project may be handed in on time: both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Which project.
    pub project: ProjectNumber,
    /// First instant, epoch milliseconds.
    pub opens: i64,
    /// Last second, epoch milliseconds.
    pub due: i64,
}

/// A date from which no calendar can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no semester can start on {0}")]
pub struct NotADay(pub String);

/// The time zone of the course.
///
/// From the system's zone data; where a host has none, the rule that has held in Switzerland since
/// 1996 (last Sundays of March and October) stands in, so that a bare container is no reason to fail.
pub fn zurich() -> TimeZone {
    TimeZone::get("Europe/Zurich")
        .or_else(|_| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3"))
        .unwrap_or(TimeZone::UTC)
}

/// Reads a first lecture's date, `2026-09-16`.
///
/// # Errors
/// When the text is not a date in that form.
pub fn parse_day(text: &str) -> Result<Date, NotADay> {
    text.trim().parse().map_err(|_| NotADay(text.to_owned()))
}

/// The days of the fourteen lectures.
///
/// # Errors
/// When they would leave the calendar's range.
pub fn lectures(first: Date) -> Result<Vec<Date>, NotADay> {
    (0..LECTURES).map(|week| weeks_after(first, week)).collect()
}

/// The windows of `projects` projects of two weeks each, from the day of the first lecture, due at
/// `due_at` local time.
///
/// A due time that falls into the hour skipped in March is moved on by that hour; one in the hour
/// repeated in October means the first of the two.
///
/// # Errors
/// When they would leave the calendar's range.
pub fn windows(first: Date, projects: u32, due_at: Time) -> Result<Vec<Window>, NotADay> {
    let zone = zurich();
    let out_of_range = || NotADay(first.to_string());
    (0..projects)
        .map(|index| {
            let opens = weeks_after(first, index * WEEKS_A_PROJECT)?;
            let next = weeks_after(first, (index + 1) * WEEKS_A_PROJECT)?;
            let eve = next.checked_sub(1.day()).map_err(|_| out_of_range())?;
            Ok(Window {
                project: ProjectNumber::new(i64::from(index) + 1).ok_or_else(out_of_range)?,
                opens: instant(opens, Time::midnight(), &zone).ok_or_else(out_of_range)?,
                due: instant(eve, due_at, &zone).ok_or_else(out_of_range)?,
            })
        })
        .collect()
}

/// The same windows for a first lecture on another day: each moved by as many days, at its local times.
///
/// # Errors
/// When they would leave the calendar's range.
pub fn moved(windows: &[Window], from: Date, to: Date) -> Result<Vec<Window>, NotADay> {
    let zone = zurich();
    let out_of_range = || NotADay(to.to_string());
    let days = from.until(to).map_err(|_| out_of_range())?;
    let shifted = |at: i64| {
        let local = zone.to_datetime(Timestamp::from_millisecond(at).ok()?);
        let day = local.date().checked_add(days).ok()?;
        instant(day, local.time(), &zone)
    };
    let moved = |window: &Window| {
        Some(Window {
            project: window.project,
            opens: shifted(window.opens)?,
            due: shifted(window.due)?,
        })
    };
    windows.iter().map(|window| moved(window).ok_or_else(out_of_range)).collect()
}

/// An instant as `2026-09-29T00:00:00`, local to Zurich: what a form's `datetime-local` field shows.
pub fn form_moment(at: i64) -> String {
    let instant = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    zurich().to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// What such a field sends, epoch milliseconds; a day alone means its time `at`.
///
/// # Errors
/// It is no day, or no time of one.
pub fn parse_moment(text: &str, at: Time) -> Result<i64, NotADay> {
    let no_moment = || NotADay(text.to_owned());
    let moment = match text.split_once('T') {
        Some((day, time)) => parse_day(day)?.to_datetime(time.parse().map_err(|_| no_moment())?),
        None => parse_day(text)?.to_datetime(at),
    };
    instant_of(moment.date(), moment.time()).ok_or_else(no_moment)
}

/// The local day that holds `at`: from its first instant up to the next day's, in epoch milliseconds,
/// 23 to 25 hours apart.
///
/// An instant outside the calendar's range is a day of its own.
pub fn day_of(at: i64) -> (i64, i64) {
    let zone = zurich();
    let day = Timestamp::from_millisecond(at).ok().and_then(|timestamp| {
        let day = zone.to_datetime(timestamp).date();
        let start = instant(day, Time::midnight(), &zone)?;
        let end = instant(day.tomorrow().ok()?, Time::midnight(), &zone)?;
        Some((start, end))
    });
    day.unwrap_or((at, at.saturating_add(1)))
}

/// The local day of `at` in words: `Fri 4 Dec 2026`.
pub fn day_words(at: i64) -> String {
    match Timestamp::from_millisecond(at) {
        Ok(instant) => instant.to_zoned_datetime(zurich()).strftime("%a %-d %b %Y").to_string(),
        Err(_) => "an unknown day".to_owned(),
    }
}

/// The instant of a local date and time, epoch milliseconds: the one way from a form's
/// `datetime-local` field to a stored time.
pub fn instant_of(day: Date, time: Time) -> Option<i64> {
    instant(day, time, &zurich())
}

/// An instant as people read it: `Tue 29 Sep 2026, 23:59 CEST`.
pub fn in_words(at: i64) -> String {
    local(at, "%a %-d %b %Y, %H:%M %Z")
}

/// An instant as a receipt has it: `2026-09-29 23:59:58.123 CEST`.
pub fn to_the_millisecond(at: i64) -> String {
    local(at, "%Y-%m-%d %H:%M:%S%.3f %Z")
}

fn local(at: i64, form: &str) -> String {
    match Timestamp::from_millisecond(at) {
        Ok(instant) => instant.to_zoned_datetime(zurich()).strftime(form).to_string(),
        Err(_) => "an unknown time".to_owned(),
    }
}

fn weeks_after(first: Date, weeks: u32) -> Result<Date, NotADay> {
    first.checked_add(i64::from(weeks).weeks()).map_err(|_| NotADay(first.to_string()))
}

fn instant(day: Date, time: Time, zone: &TimeZone) -> Option<i64> {
    Some(zone.to_timestamp(day.to_datetime(time)).ok()?.as_millisecond())
}
