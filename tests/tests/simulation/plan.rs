//! What happens to the network, and when: made from the seed alone.

use std::time::Duration;

use fastrand::Rng;

/// For how long things break.
pub(crate) const CHAOS: Duration = Duration::from_secs(12);
/// How long a connection that lost something may live on.
pub(crate) const LINGER: Duration = Duration::from_secs(5);
/// From when on nothing breaks any more.
pub(crate) const WHOLE: Duration = Duration::from_secs(18);

/// What is done to the network.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Whatever is sent between this client and the server is lost.
    Cut(&'static str),
    /// Whatever this client sends is lost.
    CutOut(&'static str),
    /// Whatever the server sends to this client is lost.
    CutIn(&'static str),
    Repair(&'static str),
    /// Whatever is sent waits.
    Hold(&'static str),
    Release(&'static str),
    /// The longest time that a message takes.
    Delay(&'static str, Duration),
    /// The server's process ends, and the system closes its connections.
    Kill,
    /// The server's machine is gone without a word.
    Fail,
    /// It is there again.
    Start,
}

/// Everything that happens in one run, in order.
pub(crate) fn plan(dice: &mut Rng, hosts: &[&'static str], usual: Duration) -> Vec<(Duration, Act)> {
    let mut acts = Vec::new();
    let mut now = Duration::from_millis(300);
    let mut is_up_at = Duration::ZERO;
    while now < CHAOS {
        let host = hosts[dice.usize(0..hosts.len())];
        let short = now + Duration::from_millis(dice.u64(10..300));
        let long = now + Duration::from_millis(dice.u64(300..4000));
        match dice.u8(0..20) {
            0..=5 => acts.extend([(now, Act::Cut(host)), (short, Act::Repair(host))]),
            6..=7 => acts.extend([(now, Act::Cut(host)), (long, Act::Repair(host))]),
            8..=9 => acts.extend([(now, Act::CutOut(host)), (short, Act::Repair(host))]),
            10..=11 => acts.extend([(now, Act::CutIn(host)), (short, Act::Repair(host))]),
            12..=14 => acts.extend([(now, Act::Hold(host)), (long, Act::Release(host))]),
            15..=16 => {
                let delay = Duration::from_millis(dice.u64(200..2000));
                acts.extend([(now, Act::Delay(host, delay)), (long, Act::Delay(host, usual))]);
            }
            17..=18 if is_up_at < now => {
                is_up_at = if dice.bool() { short } else { long };
                acts.extend([(now, Act::Kill), (is_up_at, Act::Start)]);
            }
            19 if is_up_at < now => {
                is_up_at = if dice.bool() { short } else { long };
                acts.extend([(now, Act::Fail), (is_up_at, Act::Start)]);
            }
            _ => {}
        }
        now += Duration::from_millis(dice.u64(50..1500));
    }
    // In the end everything is as it should be.
    acts.retain(|(at, act)| *at < CHAOS || matches!(act, Act::Start));
    for (at, _) in &mut acts {
        *at = (*at).min(CHAOS);
    }
    for host in hosts {
        acts.extend([(CHAOS, Act::Release(host)), (CHAOS, Act::Repair(host)), (CHAOS, Act::Delay(host, usual))]);
    }
    acts.sort_by_key(|(at, _)| *at);
    acts
}
