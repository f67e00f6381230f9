//! One core for a server and whoever calls it. Where calls come one at a time and there are two cores, the kernel puts the two
//! now on one of them, now on both; and to wake a core that idles takes many times as long as the call.

use std::fs;

use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

use crate::Result;

/// Holds a process and this thread together until it is dropped.
pub(crate) struct OneCore {
    process: u32,
    /// Where they may be otherwise.
    all: CpuSet,
}

impl OneCore {
    pub(crate) fn of(process: u32) -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let first = (0..CpuSet::MAX_CPU).find(|core| all.is_set(*core)).ok_or("no core to run on")?;
        let mut one = CpuSet::new();
        one.set(first);
        let held = Self { process, all };
        held.put(&one)?;
        Ok(held)
    }

    fn put(&self, cores: &CpuSet) -> Result<()> {
        sched_setaffinity(None, cores)?;
        for entry in fs::read_dir(format!("/proc/{}/task", self.process))? {
            let Some(thread) = entry?.file_name().to_str().and_then(|id| Pid::from_raw(id.parse().ok()?)) else {
                continue;
            };
            // A thread may end while it is looked at.
            let _ = sched_setaffinity(Some(thread), cores);
        }
        Ok(())
    }
}

impl Drop for OneCore {
    fn drop(&mut self) {
        // The process may have ended.
        let _ = self.put(&self.all);
    }
}
