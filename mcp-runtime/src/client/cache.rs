//! Answers that may be given again without asking: lists and resources, for as long as the server says (2026-07-28,
//! "Caching"), unless it says that they changed. Private ones are kept for one identity alone. Floor 6.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;

use crate::method::Method;
use crate::model::{CacheScope, ResourceUpdatedNotificationParams, ResultType};

/// The longest time for which an answer is kept, whatever the server says.
const LONGEST: Duration = Duration::from_hours(24);

/// How much a client keeps of answers that it may give again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct CacheLimits {
    entries: usize,
    bytes: usize,
}

impl Default for CacheLimits {
    /// 1,000 answers, 16 MiB.
    fn default() -> Self {
        Self { entries: 1000, bytes: 16 << 20 }
    }
}

impl CacheLimits {
    /// Nothing is kept.
    pub fn none() -> Self {
        Self { entries: 0, bytes: 0 }
    }

    /// The most answers, 1,000 unless set. What is stale first goes first.
    pub fn entries(mut self, most: usize) -> Self {
        self.entries = most;
        self
    }

    /// The most bytes of all answers, 16 MiB unless set.
    pub fn bytes(mut self, most: usize) -> Self {
        self.bytes = most;
        self
    }
}

/// What was asked, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    method: Method,
    params: Box<[u8]>,
    /// Of a private answer.
    identity: Option<String>,
}

/// What is asked now, before the answer is there.
#[derive(Debug)]
pub(super) struct Asked {
    key: Key,
    /// How often the cache was told of changes by then.
    changes: u64,
}

impl Asked {
    /// Whether the answer is for whoever is known by this name.
    pub(super) fn is_by(&self, identity: &str) -> bool {
        self.key.identity.as_deref() == Some(identity)
    }
}

#[derive(Debug)]
pub(super) struct Cache {
    limits: CacheLimits,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Key, Answer>,
    bytes: usize,
    changes: u64,
}

#[derive(Debug)]
struct Answer {
    bytes: Bytes,
    stale: Instant,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hints {
    result_type: Option<ResultType>,
    ttl_ms: Option<f64>,
    cache_scope: Option<CacheScope>,
}

/// Whether the protocol lets answers to it be kept.
fn is_cacheable(method: Method) -> bool {
    matches!(
        method,
        Method::ListTools
            | Method::ListPrompts
            | Method::ListResources
            | Method::ListResourceTemplates
            | Method::ReadResource
    )
}

impl Cache {
    pub(super) fn new(limits: CacheLimits) -> Self {
        Self { limits, kept: Mutex::default() }
    }

    /// What is about to be asked; `None` if its answer is never kept.
    pub(super) fn ask(&self, method: Method, params: &impl serde::Serialize, identity: String) -> Option<Asked> {
        if self.limits.entries == 0 || !is_cacheable(method) {
            return None;
        }
        let params = serde_json::to_vec(params).ok()?.into();
        let changes = self.kept().changes;
        Some(Asked { key: Key { method, params, identity: Some(identity) }, changes })
    }

    /// The answer, if there is one that is fresh.
    pub(super) fn get(&self, asked: &Asked) -> Option<Bytes> {
        let mut kept = self.kept();
        let now = Instant::now();
        let public = Key { identity: None, ..asked.key.clone() };
        for key in [&asked.key, &public] {
            match kept.answers.get(key) {
                Some(answer) if answer.stale > now => return Some(answer.bytes.clone()),
                Some(_) => kept.remove(key),
                None => {}
            }
        }
        None
    }

    /// Keeps the answer if the server lets it be kept, and if nothing changed while it was under way.
    pub(super) fn put(&self, asked: Asked, bytes: &Bytes) {
        let Ok(hints) = crate::text::from_bytes::<Hints>(bytes) else { return };
        let Some(ttl) = hints.ttl_ms.filter(|ttl| *ttl > 0.0 && ttl.is_finite()) else { return };
        let is_complete = hints.result_type.is_none_or(|kind| kind == ResultType::Complete);
        let ttl = Duration::try_from_secs_f64(ttl / 1000.0).unwrap_or(LONGEST).min(LONGEST);
        let length = bytes.len() + asked.key.params.len();
        let mut kept = self.kept();
        if !is_complete || length > self.limits.bytes || kept.changes != asked.changes {
            return;
        }
        let mut key = asked.key;
        if hints.cache_scope == Some(CacheScope::Public) {
            key.identity = None;
        }
        kept.remove(&key);
        while kept.answers.len() >= self.limits.entries || kept.bytes + length > self.limits.bytes {
            let Some(oldest) = kept.answers.iter().min_by_key(|(_, answer)| answer.stale).map(|(key, _)| key.clone())
            else {
                return;
            };
            kept.remove(&oldest);
        }
        kept.bytes += length;
        // A copy, so that an answer does not hold on to more than itself.
        let answer = Answer { bytes: Bytes::copy_from_slice(bytes), stale: Instant::now() + ttl };
        kept.answers.insert(key, answer);
    }

    /// The server says that something changed.
    pub(super) fn invalidate(&self, change: Method, params: &[u8]) {
        let is_stale: fn(&Key, &str) -> bool = match change {
            Method::ToolsListChanged => |key, _| key.method == Method::ListTools,
            Method::PromptsListChanged => |key, _| key.method == Method::ListPrompts,
            Method::ResourcesListChanged => {
                |key, _| matches!(key.method, Method::ListResources | Method::ListResourceTemplates)
            }
            Method::ResourceUpdated => is_read_of,
            _ => return,
        };
        let uri = crate::text::from_bytes(params).map(|params: ResourceUpdatedNotificationParams| params.uri);
        let uri = uri.unwrap_or_default();
        let mut kept = self.kept();
        kept.changes += 1;
        let stale: Vec<Key> = kept.answers.keys().filter(|key| is_stale(key, &uri)).cloned().collect();
        for key in &stale {
            kept.remove(key);
        }
    }

    /// Forgets the pages of a list.
    pub(super) fn forget(&self, method: Method) {
        let mut kept = self.kept();
        let pages: Vec<Key> = kept.answers.keys().filter(|key| key.method == method).cloned().collect();
        for key in &pages {
            kept.remove(key);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        let mut kept = self.kept();
        kept.changes += 1;
        kept.answers.clear();
        kept.bytes = 0;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // What is kept stays whole whatever panics; nothing does but an allocation.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What changed may be a part of what was read, or the whole of it.
fn is_read_of(key: &Key, uri: &str) -> bool {
    #[derive(Deserialize)]
    struct Read {
        uri: String,
    }
    let is_part = |read: Read| read.uri.starts_with(uri) || uri.starts_with(&read.uri);
    key.method == Method::ReadResource && crate::text::from_bytes(&key.params).is_ok_and(is_part)
}

impl Kept {
    fn remove(&mut self, key: &Key) {
        if let Some(answer) = self.answers.remove(key) {
            self.bytes = self.bytes.saturating_sub(answer.bytes.len() + key.params.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn put(cache: &Cache, method: Method, params: &Value, identity: &str, answer: &Value) {
        let asked = cache.ask(method, params, identity.to_owned()).unwrap();
        cache.put(asked, &Bytes::from(answer.to_string()));
    }

    fn get(cache: &Cache, method: Method, params: &Value, identity: &str) -> bool {
        cache.get(&cache.ask(method, params, identity.to_owned()).unwrap()).is_some()
    }

    fn list(ttl: i64, scope: &str) -> Value {
        json!({ "tools": [], "ttlMs": ttl, "cacheScope": scope })
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_fresh_as_long_as_the_server_says_and_private_unless_it_says_otherwise() {
        let cache = Cache::new(CacheLimits::default());
        let none = json!({});
        put(&cache, Method::ListTools, &none, "ann", &list(1000, "private"));
        assert!(get(&cache, Method::ListTools, &none, "ann"));
        assert!(!get(&cache, Method::ListTools, &none, "bob"));
        assert!(!get(&cache, Method::ListTools, &json!({ "cursor": "2" }), "ann"));
        tokio::time::advance(Duration::from_millis(999)).await;
        assert!(get(&cache, Method::ListTools, &none, "ann"));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!get(&cache, Method::ListTools, &none, "ann"));

        put(&cache, Method::ListTools, &none, "ann", &list(1000, "public"));
        assert!(get(&cache, Method::ListTools, &none, "bob"));
        for ttl in [0, -5] {
            put(&cache, Method::ListPrompts, &none, "ann", &list(ttl, "public"));
            assert!(!get(&cache, Method::ListPrompts, &none, "ann"));
        }
        put(&cache, Method::ListPrompts, &none, "ann", &json!({ "resultType": "input_required", "ttlMs": 9999 }));
        assert!(!get(&cache, Method::ListPrompts, &none, "ann"));
        assert!(cache.ask(Method::CallTool, &none, String::new()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_makes_stale_what_it_concerns_and_what_is_under_way() {
        let cache = Cache::new(CacheLimits::default());
        let (a, b) = (json!({ "uri": "x://a" }), json!({ "uri": "x://b" }));
        for params in [&a, &b] {
            put(&cache, Method::ReadResource, params, "", &json!({ "contents": [], "ttlMs": 9999 }));
        }
        cache.invalidate(Method::ResourceUpdated, br#"{"uri":"x://a"}"#);
        assert!(!get(&cache, Method::ReadResource, &a, ""));
        assert!(get(&cache, Method::ReadResource, &b, ""));
        let asked = cache.ask(Method::ListTools, &json!({}), String::new()).unwrap();
        cache.invalidate(Method::ToolsListChanged, b"{}");
        cache.put(asked, &Bytes::from(list(9999, "public").to_string()));
        assert!(!get(&cache, Method::ListTools, &json!({}), ""));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_kept_than_may_be() {
        let cache = Cache::new(CacheLimits::default().entries(3).bytes(1000));
        for n in 0..100 {
            put(&cache, Method::ReadResource, &json!({ "uri": n.to_string() }), "", &json!({ "ttlMs": 1000 + n }));
            let kept = cache.kept();
            assert!(kept.answers.len() <= 3 && kept.bytes <= 1000);
            assert_eq!(kept.bytes, kept.answers.iter().map(|(k, a)| k.params.len() + a.bytes.len()).sum::<usize>());
        }
        assert!(get(&cache, Method::ReadResource, &json!({ "uri": "99" }), ""));
        put(&cache, Method::ReadResource, &json!({ "uri": "big" }), "", &json!({ "ttlMs": 1, "x": "x".repeat(1000) }));
        assert!(!get(&cache, Method::ReadResource, &json!({ "uri": "big" }), ""));
    }
}
