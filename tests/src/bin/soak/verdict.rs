//! What came of it all: a table, and what is wrong.

use crate::count::{Counts, count};
use crate::watch::{Course, Watch};
use crate::{Result, say};

/// What memory may grow by, in KiB a minute, however long that takes: the allocator keeps what was free once.
const NOISE: f64 = 96.0;
/// What it may grow by from the end of the first quarter on, in KiB: an arena or two.
const ARENAS: f64 = 4.0 * 1024.0;
/// The same of a process that has run for less than [`WARM`] minutes since, and has not seen yet all that there is to keep room for.
const COLD: f64 = 12.0 * 1024.0;
const WARM: f64 = 0.7;

/// Shows everything.
///
/// # Errors
/// What is wrong.
pub(crate) fn tell(watch: &Watch, counts: &Counts) -> Result<()> {
    done(watch, counts);
    let mut wrong = counts.failures();
    memory(watch, &mut wrong);
    tables(watch, &mut wrong);
    enough(counts, &mut wrong);
    if wrong.is_empty() {
        say("nothing is left behind");
        return Ok(());
    }
    Err(format!("{} things are wrong:\n- {}", wrong.len(), wrong.join("\n- ")).into())
}

#[expect(clippy::cast_precision_loss, reason = "they are counted one by one")]
fn share(part: u64, of: u64) -> f64 {
    100.0 * part as f64 / of.max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "they are counted one by one")]
fn done(watch: &Watch, counts: &Counts) {
    let (calls, connections) = (count(&counts.calls), count(&counts.connections));
    let seconds = watch.took.as_secs_f64();
    say(format_args!("{calls} calls in {seconds:.0} s, {:.0} a second", calls as f64 / seconds));
    let (cancelled, panicked) = (count(&counts.cancelled), count(&counts.panicked));
    say(format_args!(
        "  cancelled {cancelled} ({:.1} %), panicked {panicked} ({:.1} %), questions never answered {}",
        share(cancelled, calls),
        share(panicked, calls),
        count(&counts.unanswered)
    ));
    let abandoned = count(&counts.abandoned);
    say(format_args!(
        "{connections} connections over HTTP, abandoned {abandoned} ({:.1} %), sessions never ended {}",
        share(abandoned, connections),
        count(&counts.left)
    ));
    for (kind, count) in counts.kinds() {
        say(format_args!("  {count:>9}  {kind}"));
    }
}

fn memory(watch: &Watch, wrong: &mut Vec<String>) {
    if watch.courses.iter().all(|course| course.before.memory.is_none()) {
        say("memory, descriptors and threads are left out: there is no /proc here");
        return;
    }
    let kib = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    say("\nresident memory in KiB       start  after a quarter    at the end      peak   growth a minute");
    for course in &watch.courses {
        let slope = course
            .slope()
            .map_or_else(|| "too short to tell".to_owned(), |slope| format!("{:.0} ± {:.0}", slope.rise, slope.error));
        let Course { name, before, warm, end, peak, .. } = course;
        let (before, warm, end, peak) = (kib(before.memory), kib(*warm), kib(*end), kib(*peak));
        say(format_args!("{name:<24} {before:>9} {warm:>16} {end:>13} {peak:>9}   {slope}"));
        wrong.extend(grows(course));
    }
}

/// Whether the memory of a process grows by more than noise, and all the time: a single step is no leak.
fn grows(course: &Course) -> Option<String> {
    let slope = course.slope()?;
    let minutes = course.memory.last()?.0 - course.memory.first()?.0;
    let allowed = NOISE.max(if minutes < WARM { COLD } else { ARENAS } / minutes);
    // From one third to the next a leak that is just not noise adds a third of what it adds at all; half of that will do.
    let is_steady = course.steadily()? > allowed * minutes / 6.0;
    (is_steady && slope.at_least() > allowed).then(|| {
        format!(
            "{}: the memory grows by {:.0} ± {:.0} KiB a minute, surely by more than the {allowed:.0} that are noise",
            course.name, slope.rise, slope.error
        )
    })
}

fn tables(watch: &Watch, wrong: &mut Vec<String>) {
    say("\nbefore, and after all had ended");
    for course in &watch.courses {
        let pairs = course.before.tables.iter().zip(&course.after.tables);
        let rows = pairs.map(|((name, before), (_, after))| format!("{name} {before} → {after}"));
        say(format_args!("{:<18} {}", course.name, rows.collect::<Vec<_>>().join(", ")));
        let left = course.left();
        wrong.extend(left.iter().map(|(name, before, after)| {
            format!("{}: {name} are {after} after all has ended, and were {before} before", course.name)
        }));
    }
}

/// A load that did nothing proves nothing.
fn enough(counts: &Counts, wrong: &mut Vec<String>) {
    let numbers = [
        ("calls", &counts.calls, 200),
        ("calls that were cancelled", &counts.cancelled, 20),
        ("calls that panicked", &counts.panicked, 2),
        ("connections", &counts.connections, 50),
        ("connections that were abandoned", &counts.abandoned, 15),
        ("sessions that were left", &counts.left, 1),
    ];
    for (what, counter, least) in numbers {
        let number = count(counter);
        if number < least {
            wrong.push(format!("there were only {number} {what}, too few to tell anything"));
        }
    }
}
