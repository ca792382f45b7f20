//! Results that are known: of tools whose result depends on their arguments alone.
//!
//! The key is the tool with all that it says of itself, the arguments and the permissions of the
//! caller: what one caller may see is never shown to another. Memory first, then a store that
//! outlives the session. Only results of built-in tools get there: code of a cell or of a server may
//! be other code under the same name next time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::canonical;
use super::clock::{Clock, as_ms};
use super::{Source, ToolOutput};
pub(crate) use crate::protocol::CacheTier;
use crate::protocol::{CallOrigin, Timestamp};

/// What memory holds, in bytes of JSON.
const MEMORY_BYTES: u64 = 32 << 20;
/// A larger result is not kept.
const MAX_RESULT_BYTES: usize = 2 << 20;
/// Of the stored form; another one is not read.
const VERSION: u32 = 1;

/// The name of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey(pub [u8; 32]);

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a caller may do, as far as results depend on it: the rights that hold, the project. Two
/// callers with the same text see each other's results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct PermissionScope(pub String);

impl CacheKey {
    /// The name of the result of a call of that tool ([`Registered::identity`](super::Registered)).
    pub fn of(tool: &str, arguments: &Value, origin: CallOrigin, scope: &PermissionScope) -> Self {
        let arguments = canonical(arguments);
        let mut hasher = blake3::Hasher::new();
        let parts = [tool, &arguments, origin.word(), &scope.0];
        for part in parts {
            // With their lengths, so that no two lists of parts run together to the same bytes.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self(hasher.finalize().into())
    }
}

/// A place that keeps results longer than memory does. What it can't give or take is not there:
/// a cache is no reason for a call to fail.
pub(crate) trait ResultStore: Send + Sync {
    /// The bytes under a key.
    fn get(&self, key: &CacheKey) -> Option<Vec<u8>>;

    /// Keeps bytes. Bounds of number and size are the store's.
    fn put(&self, key: &CacheKey, bytes: &[u8]);

    /// Forgets what is under a key: it is too old, or no result.
    fn remove(&self, key: &CacheKey);
}

/// How far a result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the end of the process.
    Memory,
    /// Into the store.
    Store,
}

impl Reach {
    /// As far as a tool's name is sure to stand for the same code.
    pub fn of(source: Source) -> Self {
        match source {
            Source::Builtin => Self::Store,
            Source::Cell | Source::Mcp => Self::Memory,
        }
    }
}

/// A result in memory.
struct Kept {
    output: ToolOutput,
    expires: Timestamp,
    size_bytes: u32,
}

#[derive(Deserialize)]
struct Stored {
    version: u32,
    expires: Timestamp,
    output: ToolOutput,
}

#[derive(Serialize)]
struct ToStore<'a> {
    version: u32,
    expires: Timestamp,
    output: &'a ToolOutput,
}

/// Results that are known.
pub(crate) struct ResultCache {
    memory: moka::sync::Cache<CacheKey, Arc<Kept>>,
    store: Option<Box<dyn ResultStore>>,
    clock: Clock,
}

impl ResultCache {
    /// An empty memory before a store, if there is one.
    pub fn new(store: Option<Box<dyn ResultStore>>, clock: Clock) -> Self {
        let memory = moka::sync::Cache::builder()
            .max_capacity(MEMORY_BYTES)
            .weigher(|_, kept: &Arc<Kept>| kept.size_bytes)
            .build();
        Self {
            memory,
            store,
            clock,
        }
    }

    /// A result that holds still, and where it was.
    pub fn get(&self, key: &CacheKey, reach: Reach) -> Option<(ToolOutput, CacheTier)> {
        let now = self.clock.now();
        if let Some(kept) = self.memory.get(key) {
            if now < kept.expires {
                return Some((kept.output.clone(), CacheTier::Memory));
            }
            self.memory.invalidate(key);
        }
        let store = self.store.as_ref().filter(|_| reach == Reach::Store)?;
        let bytes = store.get(key)?;
        let stored = serde_json::from_slice::<Stored>(&bytes).ok();
        let holds = |stored: &Stored| stored.version == VERSION && now < stored.expires;
        let Some(stored) = stored.filter(holds) else {
            store.remove(key);
            return None;
        };
        self.remember(key, &stored.output, bytes.len(), stored.expires);
        Some((stored.output, CacheTier::Store))
    }

    /// Keeps a result for so long. Failures and very large ones are not kept.
    pub fn put(&self, key: &CacheKey, output: &ToolOutput, keep: Duration, reach: Reach) {
        if output.is_error {
            return;
        }
        let expires = Timestamp(self.clock.now().0.saturating_add(as_ms(keep)));
        let version = VERSION;
        let Ok(bytes) = serde_json::to_vec(&ToStore {
            version,
            expires,
            output,
        }) else {
            return;
        };
        if bytes.len() > MAX_RESULT_BYTES {
            return;
        }
        self.remember(key, output, bytes.len(), expires);
        if let (Some(store), Reach::Store) = (&self.store, reach) {
            store.put(key, &bytes);
        }
    }

    fn remember(&self, key: &CacheKey, output: &ToolOutput, bytes: usize, expires: Timestamp) {
        let kept = Kept {
            output: output.clone(),
            expires,
            size_bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        };
        self.memory.insert(*key, Arc::new(kept));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use serde_json::json;

    use super::super::ToolSpec;
    use super::super::registry::identity;
    use super::*;

    /// A store in a map, which forgets nothing.
    #[derive(Clone, Default)]
    struct Shelf(Arc<Mutex<HashMap<CacheKey, Vec<u8>>>>);

    impl ResultStore for Shelf {
        fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
            self.0.lock().expect("sound").get(key).cloned()
        }

        fn put(&self, key: &CacheKey, bytes: &[u8]) {
            self.0.lock().expect("sound").insert(*key, bytes.to_vec());
        }

        fn remove(&self, key: &CacheKey) {
            self.0.lock().expect("sound").remove(key);
        }
    }

    fn tool(name: &str, version: &str, source: Source, number: u64) -> String {
        let schema = json!({ "type": "object" });
        let mut spec = ToolSpec::new(name, "", schema, source).expect("a name");
        spec.version = version.to_owned();
        identity(&spec, number)
    }

    fn builtin() -> String {
        tool("t", "1", Source::Builtin, 0)
    }

    fn scope(text: &str) -> PermissionScope {
        PermissionScope(text.to_owned())
    }

    #[test]
    fn keys_differ_by_each_part_and_by_nothing_else() {
        let key = |name, version, arguments: &Value, origin, of| {
            let tool = tool(name, version, Source::Builtin, 0);
            CacheKey::of(&tool, arguments, origin, &scope(of))
        };
        let arguments = json!({ "a": 1, "b": [1, 2] });
        let one = key("t", "1", &arguments, CallOrigin::User, "");
        let same = serde_json::from_str(r#"{ "b": [1.0, 2e0], "a": 1.0 }"#).expect("JSON");
        assert_eq!(one, key("t", "1", &same, CallOrigin::User, ""));
        for other in [
            key("u", "1", &arguments, CallOrigin::User, ""),
            key("t", "2", &arguments, CallOrigin::User, ""),
            key(
                "t",
                "1",
                &json!({ "a": 1, "b": [2, 1] }),
                CallOrigin::User,
                "",
            ),
            key(
                "t",
                "1",
                &json!({ "a": "1", "b": [1, 2] }),
                CallOrigin::User,
                "",
            ),
            key("t", "1", &arguments, CallOrigin::Model, ""),
            key("t", "1", &arguments, CallOrigin::User, "read /data"),
        ] {
            assert_ne!(one, other);
        }
        // Parts don't run together.
        let (a, b) = (
            key("t1", "1", &json!({}), CallOrigin::User, ""),
            key("t", "11", &json!({}), CallOrigin::User, ""),
        );
        assert_ne!(a, b);
    }

    #[test]
    fn foreign_code_is_another_tool_each_time_and_stays_in_memory() {
        let ids = [
            tool("t", "1", Source::Builtin, 1),
            tool("t", "1", Source::Cell, 1),
            tool("t", "1", Source::Cell, 2),
            tool("t", "1", Source::Mcp, 2),
        ];
        for (at, one) in ids.iter().enumerate() {
            assert!(!ids[at + 1..].contains(one), "{one}");
        }
        assert_eq!(ids[0], tool("t", "1", Source::Builtin, 2));
        let shelf = Shelf::default();
        let cache = ResultCache::new(Some(Box::new(shelf.clone())), Clock::paused());
        let key = CacheKey::of(&ids[1], &json!({}), CallOrigin::User, &scope(""));
        let reach = Reach::of(Source::Cell);
        cache.put(&key, &ToolOutput::text("x"), Duration::from_secs(9), reach);
        assert!(cache.get(&key, reach).is_some());
        assert!(shelf.0.lock().expect("sound").is_empty());
    }

    #[test]
    fn results_end_in_both_tiers() {
        let (clock, shelf) = (Clock::paused(), Shelf::default());
        let cache = |clock: &Clock| ResultCache::new(Some(Box::new(shelf.clone())), clock.clone());
        let first = cache(&clock);
        let key = CacheKey::of(&builtin(), &json!({}), CallOrigin::User, &scope(""));
        let output = ToolOutput::structured(json!({ "x": 1 }));
        assert!(first.get(&key, Reach::Store).is_none());
        first.put(&key, &output, Duration::from_secs(10), Reach::Store);
        assert_eq!(
            first.get(&key, Reach::Store),
            Some((output.clone(), CacheTier::Memory))
        );
        // Another session finds it in the store, and then in memory.
        let second = cache(&clock);
        assert_eq!(
            second.get(&key, Reach::Store),
            Some((output.clone(), CacheTier::Store))
        );
        assert_eq!(
            second.get(&key, Reach::Store),
            Some((output.clone(), CacheTier::Memory))
        );
        clock.advance(Duration::from_secs(10));
        assert!(
            first.get(&key, Reach::Store).is_none() && second.get(&key, Reach::Store).is_none()
        );
        assert!(cache(&clock).get(&key, Reach::Store).is_none());
        assert!(shelf.0.lock().expect("sound").is_empty(), "it was too old");
    }

    #[test]
    fn damage_failures_and_floods_are_not_kept() {
        let shelf = Shelf::default();
        let cache = ResultCache::new(Some(Box::new(shelf.clone())), Clock::paused());
        let key = CacheKey([7; 32]);
        shelf.put(&key, b"{\"version\":1,");
        assert!(cache.get(&key, Reach::Store).is_none());
        assert_eq!(shelf.get(&key), None, "what is damaged goes");
        let failed = ToolOutput {
            is_error: true,
            ..ToolOutput::text("no")
        };
        cache.put(&key, &failed, Duration::from_secs(9), Reach::Store);
        cache.put(
            &key,
            &ToolOutput::text("x".repeat(3 << 20)),
            Duration::from_secs(9),
            Reach::Store,
        );
        assert!(cache.get(&key, Reach::Store).is_none());
    }
}
