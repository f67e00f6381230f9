//! What every store owes its callers, held against the one in memory; its bounds; and that it gives memory back.

use std::pin::Pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;

use tokio::time::advance;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn key(id: &str) -> Key<'_> {
    Key { space: "tests", id }
}

/// What the future gives at once: memory waits for nothing.
fn answer<T>(mut future: Storing<'_, T>) -> Result<T, StoreError> {
    match Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the store waited"),
    }
}

fn done<T>(future: Storing<'_, T>) -> T {
    answer(future).unwrap_or_else(|error| panic!("{error}"))
}

fn value(store: &MemoryStore, id: &str) -> Option<Bytes> {
    done(store.get(key(id))).map(|entry| entry.value)
}

#[track_caller]
fn check_full(result: Result<Option<Version>, StoreError>, expected: &str) {
    match result {
        Err(StoreError::Full { bound }) => assert_eq!(bound, expected),
        other => panic!("expected a full store, got {other:?}"),
    }
}

/// An empty store remembers nothing of what was in it.
fn assert_empty(store: &MemoryStore) {
    let table = store.lock();
    assert_eq!((table.entries, table.bytes), (0, 0));
    assert!(table.spaces.is_empty() && table.deadlines.is_empty());
}

#[test]
fn an_entry_is_made_once_and_replaced_by_version() {
    let store = MemoryStore::default();
    let first = done(store.insert(key("a"), b"1", None)).unwrap();
    assert_eq!(done(store.insert(key("a"), b"2", None)), None);
    assert_eq!(done(store.get(key("a"))), Some(Entry { value: Bytes::from("1"), version: first }));

    let second = done(store.replace(key("a"), b"3", first)).unwrap();
    assert_eq!(done(store.replace(key("a"), b"4", first)), None);
    assert_eq!(done(store.get(key("a"))), Some(Entry { value: Bytes::from("3"), version: second }));

    assert!(done(store.remove(key("a"))));
    assert!(!done(store.remove(key("a"))));
    assert_eq!(done(store.replace(key("a"), b"5", second)), None);
    assert_empty(&store);
}

#[test]
fn an_entry_made_anew_has_none_of_the_old_versions() {
    let store = MemoryStore::default();
    let old = done(store.insert(key("a"), b"1", None)).unwrap();
    done(store.remove(key("a")));
    done(store.insert(key("a"), b"2", None));
    assert_eq!(done(store.replace(key("a"), b"3", old)), None);
    assert_eq!(value(&store, "a").as_deref(), Some(&b"2"[..]));
}

#[test]
fn nothing_happens_before_the_future_is_polled() {
    let store = MemoryStore::default();
    drop(store.insert(key("a"), b"1", None));
    assert_eq!(value(&store, "a"), None);
}

#[test]
fn the_same_id_in_two_spaces_is_two_entries() {
    let store = MemoryStore::default();
    let other = Key { space: "others", id: "a" };
    done(store.insert(key("a"), b"1", None));
    done(store.insert(other, b"2", None));
    assert_eq!(value(&store.clone(), "a").as_deref(), Some(&b"1"[..]), "a clone is the same store");
    done(store.insert(key("b"), b"3", None));
    assert_eq!((done(store.count("tests")), done(store.count("others")), done(store.count("none"))), (2, 1, 0));
}

#[test]
fn of_many_threads_that_replace_one_version_exactly_one_wins() {
    const THREADS: usize = 16;
    let store = MemoryStore::default();
    for round in 0..200 {
        let id = round.to_string();
        let barrier = Barrier::new(THREADS);
        let racers = |race: &(dyn Fn(&[u8]) -> Option<Version> + Sync)| {
            let barrier = &barrier;
            thread::scope(|scope| {
                let threads: Vec<_> = (0..THREADS)
                    .map(|racer| {
                        scope.spawn(move || {
                            barrier.wait();
                            race(racer.to_string().as_bytes()).map(|version| (racer, version))
                        })
                    })
                    .collect();
                threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
            })
        };
        let made = racers(&|value| done(store.insert(key(&id), value, Some(SECOND))));
        let [(_, first)] = made[..] else { panic!("{} threads made it", made.len()) };
        let replaced = racers(&|value| done(store.replace(key(&id), value, first)));
        let [(winner, version)] = replaced[..] else { panic!("{} threads replaced it", replaced.len()) };
        let value = Bytes::from(winner.to_string());
        assert_eq!(done(store.get(key(&id))), Some(Entry { value, version }));
    }
}

#[test]
fn no_change_of_many_threads_is_lost() {
    let store = MemoryStore::default();
    done(store.insert(key("a"), &0_u64.to_be_bytes(), None));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    loop {
                        let entry = done(store.get(key("a"))).unwrap();
                        let next = u64::from_be_bytes(entry.value[..].try_into().unwrap()) + 1;
                        if done(store.replace(key("a"), &next.to_be_bytes(), entry.version)).is_some() {
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(value(&store, "a").as_deref(), Some(&4000_u64.to_be_bytes()[..]));
}

#[tokio::test(start_paused = true)]
async fn an_expired_entry_is_absent_for_every_method() {
    let store = MemoryStore::default();
    for id in ["a", "b", "c", "d"] {
        done(store.insert(key(id), b"1", Some(SECOND)));
    }
    let version = done(store.get(key("a"))).unwrap().version;
    advance(Duration::from_millis(999)).await;
    assert!(value(&store, "a").is_some());
    advance(Duration::from_millis(1)).await;
    assert_eq!(value(&store, "a"), None);
    assert!(!done(store.touch(key("a"), Some(SECOND))));
    assert_eq!(done(store.replace(key("a"), b"2", version)), None);
    assert!(done(store.insert(key("b"), b"2", None)).is_some());
    assert!(!done(store.remove(key("c"))));
    assert_eq!(done(store.count("tests")), 1);
    assert!(done(store.remove(key("b"))));
    assert_empty(&store);
}

#[tokio::test(start_paused = true)]
async fn a_touch_moves_the_end_and_a_replacement_does_not() {
    let store = MemoryStore::default();
    for id in ["touched", "replaced", "kept", "shortened"] {
        done(store.insert(key(id), b"1", Some(SECOND * 10)));
    }
    let version = done(store.get(key("replaced"))).unwrap().version;
    advance(SECOND * 6).await;
    assert!(done(store.touch(key("touched"), Some(SECOND * 10))));
    assert!(done(store.touch(key("kept"), None)));
    assert!(done(store.touch(key("shortened"), Some(SECOND))));
    done(store.replace(key("replaced"), b"2", version));
    let left = || ["touched", "replaced", "kept", "shortened"].map(|id| value(&store, id).is_some());
    assert_eq!(left(), [true; 4]);
    for (time, expected) in [
        (SECOND, [true, true, true, false]),
        (SECOND * 3, [true, false, true, false]),
        (SECOND * 60, [false, false, true, false]),
    ] {
        advance(time).await;
        assert_eq!(left(), expected);
    }
    assert_eq!(done(store.count("tests")), 1);
    assert_eq!(store.lock().deadlines.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_time_beyond_the_clock_is_for_ever_and_none_at_all_is_over_at_once() {
    let store = MemoryStore::default();
    done(store.insert(key("a"), b"1", Some(Duration::MAX)));
    done(store.insert(key("b"), b"1", Some(Duration::ZERO)));
    advance(SECOND * 1_000_000).await;
    assert!(value(&store, "a").is_some());
    assert_eq!(value(&store, "b"), None);
}

#[tokio::test(start_paused = true)]
async fn a_full_store_gives_up_what_expired_and_nothing_else() {
    let store = MemoryStore::new(Bounds::default().entries(2));
    done(store.insert(key("short"), b"1", Some(SECOND)));
    let long = done(store.insert(key("long"), b"1", Some(SECOND * 10))).unwrap();
    check_full(answer(store.insert(key("more"), b"1", None)), "2 entries");
    assert!(done(store.replace(key("long"), b"2", long)).is_some(), "a replacement needs no further entry");
    advance(SECOND).await;
    assert!(done(store.insert(key("more"), b"1", None)).is_some());
    check_full(answer(store.insert(key("most"), b"1", None)), "2 entries");
    assert_eq!(done(store.insert(key("long"), b"3", None)), None, "a conflict is told also by a full store");
    assert_eq!(value(&store, "long").as_deref(), Some(&b"2"[..]));
}

#[test]
fn bytes_are_bounded_too() {
    let most = cost(key("a"), &[0; 100]) + cost(key("b"), &[]);
    let store = MemoryStore::new(Bounds::default().bytes(most));
    let a = done(store.insert(key("a"), &[0; 50], None)).unwrap();
    done(store.insert(key("b"), &[], None));
    let bound = format!("{most} bytes");
    check_full(answer(store.insert(key("c"), &[], None)), &bound);
    check_full(answer(store.replace(key("a"), &[0; 101], a)), &bound);
    let a = done(store.replace(key("a"), &[0; 100], a)).expect("it just fits, and what failed changed nothing");
    assert!(done(store.replace(key("a"), &[], a)).is_some());
    assert!(done(store.remove(key("a"))) && done(store.remove(key("b"))));
    assert_empty(&store);
}

#[tokio::test(start_paused = true)]
async fn writes_give_back_what_expired_a_little_at_a_time() {
    let store = MemoryStore::default();
    for id in 0..=SWEPT * 2 {
        done(store.insert(key(&id.to_string()), b"1", Some(SECOND)));
    }
    advance(SECOND).await;
    for (id, left) in [("x", SWEPT + 2), ("y", 3), ("z", 3)] {
        done(store.insert(key(id), b"1", None));
        assert_eq!(store.lock().entries, left, "after {id}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_given_more_time_is_put_behind_and_goes_when_that_is_over() {
    let store = MemoryStore::default();
    done(store.insert(key("a"), b"1", Some(SECOND)));
    done(store.insert(key("b"), b"1", Some(SECOND)));
    for _ in 0..3 {
        advance(SECOND / 2).await;
        assert!(done(store.touch(key("a"), Some(SECOND))));
    }
    // Whoever counts sweeps: the one is past its turn and lives, the other has expired.
    assert_eq!(done(store.count("tests")), 1);
    assert_eq!(store.lock().deadlines.len(), 1);
    assert!(done(store.touch(key("a"), None)));
    advance(SECOND * 2).await;
    assert_eq!(done(store.count("tests")), 1);
    assert!(store.lock().deadlines.is_empty(), "what lives for ever has no turn");
    assert!(done(store.touch(key("a"), Some(SECOND))));
    advance(SECOND).await;
    assert_eq!(done(store.count("tests")), 0);
    assert_empty(&store);
}

#[test]
fn what_is_kept_is_not_printed() {
    let store = MemoryStore::default();
    done(store.insert(key("secret id"), b"secret value", None));
    let printed = format!("{store:?}");
    assert!(printed.contains("entries: 1") && !printed.contains("secret"), "{printed}");
}
