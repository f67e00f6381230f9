//! Keeps a runtime going while functions hold threads of it. A thread that was waiting for the network, the clock and signals
//! waits for none of them while it runs what they woke, and wakes nobody to do so in its place: one function that computes or
//! blocks could stop everybody (tokio-rs/tokio#4730). Whatever wants to be run wakes another thread, so there is something now
//! and then, as long as anybody waits. Floor 1.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;

/// How often.
const BEAT: Duration = Duration::from_millis(100);
/// After how many beats with nobody waiting the thread goes to sleep.
const QUIET: u32 = 10;

/// A thread outside of the runtime. It is started when somebody waits for the first time, and ends when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Arc<State>);

#[derive(Debug, Default)]
struct State {
    desk: Mutex<Desk>,
    woken: Condvar,
}

#[derive(Debug, Default)]
struct Desk {
    /// How many wait.
    busy: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// There is no thread.
    #[default]
    None,
    Beats,
    Sleeps,
    Over,
}

/// Somebody who waits: a connection, or a call.
#[derive(Debug)]
pub(crate) struct Busy(Arc<State>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.desk().busy -= 1;
    }
}

impl Pulse {
    /// Somebody waits, for as long as what this gives is there.
    pub(crate) fn busy(&self, runtime: &Handle) -> Busy {
        let mut desk = self.0.desk();
        desk.busy += 1;
        if desk.busy == 1 {
            self.wake(runtime, &mut desk.stage);
        }
        Busy(Arc::clone(&self.0))
    }

    fn wake(&self, runtime: &Handle, stage: &mut Stage) {
        match *stage {
            Stage::None => {
                let (runtime, shared) = (runtime.clone(), Arc::clone(&self.0));
                let thread = thread::Builder::new().name("mcp-pulse".to_owned()).spawn(move || shared.beat(&runtime));
                // A machine that has no thread to spare is asked again the next time.
                if thread.is_ok() {
                    *stage = Stage::Beats;
                }
            }
            Stage::Sleeps => self.0.woken.notify_one(),
            Stage::Beats | Stage::Over => {}
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.0.desk().stage = Stage::Over;
        self.0.woken.notify_one();
    }
}

impl State {
    fn beat(&self, runtime: &Handle) {
        let mut quiet = 0;
        let mut desk = self.desk();
        while desk.stage != Stage::Over {
            quiet = if desk.busy > 0 { 0 } else { quiet + 1 };
            if quiet > QUIET {
                desk.stage = Stage::Sleeps;
                desk = self.woken.wait(desk).unwrap_or_else(PoisonError::into_inner);
                if desk.stage == Stage::Sleeps {
                    desk.stage = Stage::Beats;
                }
                continue;
            }
            if desk.busy > 0 {
                drop(desk);
                drop(runtime.spawn(async {}));
                desk = self.desk();
                if desk.stage == Stage::Over {
                    break;
                }
            }
            desk = self.woken.wait_timeout(desk, BEAT).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_sleeps_when_nobody_waits_and_wakes_when_somebody_does() {
        let pulse = Pulse::default();
        let until = |stage: Stage, pulse: &Pulse| {
            let state = Arc::clone(&pulse.0);
            async move {
                while state.desk().stage != stage {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        };
        let long = Duration::from_secs(30);
        for _ in 0..2 {
            let busy = pulse.busy(&Handle::current());
            assert!(tokio::time::timeout(long, until(Stage::Beats, &pulse)).await.is_ok(), "it sleeps on");
            drop(busy);
            assert!(tokio::time::timeout(long, until(Stage::Sleeps, &pulse)).await.is_ok(), "it does not come to rest");
        }
        let state = Arc::downgrade(&pulse.0);
        drop(pulse);
        let gone = async {
            while state.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(tokio::time::timeout(long, gone).await.is_ok(), "the thread goes on");
    }
}
