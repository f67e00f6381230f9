//! What the processes have before the load, meanwhile, and after it.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::count::{Counts, count};
use crate::options::Options;
use crate::slope::Slope;
use crate::target::{Sample, Target, own};
use crate::{Result, say};

/// How long nothing happens before the load, so that what begins with a process has begun.
const BEGINNING: Duration = Duration::from_secs(1);
/// The most time from one look to the next.
const BEAT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Watch {
    targets: Vec<Target>,
    options: Options,
    /// How long the load really took.
    pub(crate) took: Duration,
    /// Of each server, and of this program as the last one.
    pub(crate) courses: Vec<Course>,
}

/// What became of one process.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) name: String,
    pub(crate) before: Sample,
    /// Its memory in KiB at the end of the first quarter.
    pub(crate) warm: Option<u64>,
    /// Its memory when the load ended.
    pub(crate) end: Option<u64>,
    /// The most that it ever had.
    pub(crate) peak: Option<u64>,
    pub(crate) after: Sample,
    /// Minutes since the beginning, and memory in KiB, after the first quarter.
    pub(crate) memory: Vec<(f64, f64)>,
}

impl Watch {
    pub(crate) async fn begin(targets: Vec<Target>, options: Options) -> Result<Self> {
        let mut watch = Self { targets, options, took: Duration::ZERO, courses: Vec::new() };
        for target in &watch.targets {
            target.warm_up().await?;
        }
        sleep(BEGINNING).await;
        let names = watch.targets.iter().map(|target| target.name.clone()).chain(["the clients".to_owned()]);
        let course = |(name, before): (String, Sample)| Course {
            name,
            before,
            warm: None,
            end: None,
            peak: None,
            after: Sample::default(),
            memory: Vec::new(),
        };
        watch.courses = names.zip(watch.look().await?).map(course).collect();
        Ok(watch)
    }

    pub(crate) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Looks at all of them while the load lasts.
    #[expect(clippy::cast_precision_loss, reason = "no process has that much memory")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are tenths")]
    pub(crate) async fn load(&mut self, counts: &Counts) -> Result<()> {
        let start = Instant::now();
        let beat = (self.options.time / 60).clamp(BEAT / 5, BEAT);
        let mut told = 0;
        while start.elapsed() < self.options.time && !counts.is_over() {
            sleep(beat).await;
            let samples = self.look().await?;
            let is_warm = start.elapsed() >= self.options.time / 4;
            for (course, sample) in self.courses.iter_mut().zip(samples) {
                course.end = sample.memory;
                course.peak = course.peak.max(sample.memory);
                if let Some(memory) = sample.memory.filter(|_| is_warm) {
                    course.warm.get_or_insert(memory);
                    course.memory.push((start.elapsed().as_secs_f64() / 60.0, memory as f64));
                }
            }
            let tenth = (10.0 * start.elapsed().as_secs_f64() / self.options.time.as_secs_f64()) as u32;
            if tenth > told {
                told = tenth;
                self.tell(start.elapsed(), counts);
            }
        }
        self.took = start.elapsed();
        Ok(())
    }

    /// Says how it goes.
    fn tell(&self, elapsed: Duration, counts: &Counts) {
        let memory = self.courses.iter().filter_map(|course| Some(format!("{} {} KiB", course.name, course.end?)));
        let memory = memory.collect::<Vec<_>>().join(", ");
        say(format_args!("{:>6.0} s, {} calls: {memory}", elapsed.as_secs_f64(), count(&counts.calls)));
    }

    /// Waits until all is as before, or for as long as that may take.
    pub(crate) async fn rest(&mut self) -> Result<()> {
        let start = Instant::now();
        loop {
            sleep(BEAT / 4).await;
            let samples = self.look().await?;
            for (course, sample) in self.courses.iter_mut().zip(samples) {
                course.after = sample;
            }
            if self.courses.iter().all(|course| course.left().is_empty()) || start.elapsed() > self.options.quiet {
                break;
            }
        }
        for (course, target) in self.courses.iter_mut().zip(&self.targets) {
            // The system's own number is put together late, like that of the memory.
            course.peak = course.peak.max(target.peak());
        }
        Ok(())
    }

    async fn look(&self) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        for target in &self.targets {
            samples.push(target.sample().await?);
        }
        samples.push(own(&self.targets));
        Ok(samples)
    }
}

impl Course {
    /// What there is more of than before: names, and numbers before and after.
    pub(crate) fn left(&self) -> Vec<(&str, u64, u64)> {
        let pairs = self.before.tables.iter().zip(&self.after.tables);
        let rows = pairs.map(|((name, before), (_, after))| (name.as_str(), *before, *after));
        rows.filter(|(_, before, after)| after > before).collect()
    }

    /// How fast the memory grew, in KiB a minute.
    pub(crate) fn slope(&self) -> Option<Slope> {
        Slope::of(&self.memory)
    }

    /// By how much it grew from the first third to the second and from there to the last one, whichever is less: what leaks
    /// does so all the time.
    pub(crate) fn steadily(&self) -> Option<f64> {
        let thirds = self.memory.chunks(self.memory.len().div_ceil(3).max(1));
        let medians: Vec<f64> = thirds.filter_map(median).collect();
        medians.windows(2).map(|pair| pair[1] - pair[0]).reduce(f64::min)
    }
}

fn median(points: &[(f64, f64)]) -> Option<f64> {
    let mut values: Vec<f64> = points.iter().map(|point| point.1).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
