//! How often tools may be called.
//!
//! ```toml
//! [[rate]]
//! tool = "web_search"       # a pattern, as in a rule; every tool and origin is counted alone
//! from = ["model"]          # who calls; without it everybody
//! calls = 30
//! per = "minute"            # second, minute, hour, day
//! burst = 5                 # calls without a pause; without it all of them
//! ```
//!
//! Permits come back one by one, `per / calls` apart (the generic cell rate algorithm). Not by the
//! crate `governor`: it takes a permit as it looks, so that with two rates about one call the one
//! that lets it through would pay for the other's no.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::clock::Clock;
use super::pattern::ToolPattern;
use super::{ToolError, ToolSpec};
use crate::protocol::{CallOrigin, ToolName};

/// When more are counted, those that are idle are forgotten.
const MAX_COUNTED: usize = 10_000;

/// How often a tool may be called.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    tool: ToolPattern,
    from: Vec<CallOrigin>,
    calls: u32,
    per: Per,
    burst: u32,
}

/// A rate as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateText {
    pub tool: Spanned<String>,
    #[serde(default)]
    from: Vec<CallOrigin>,
    calls: NonZeroU32,
    per: Per,
    burst: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Per {
    Second,
    Minute,
    Hour,
    Day,
}

impl Per {
    fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        })
    }

    fn words(self) -> &'static str {
        match self {
            Self::Second => "a second",
            Self::Minute => "a minute",
            Self::Hour => "an hour",
            Self::Day => "a day",
        }
    }
}

impl Rate {
    /// In words, for those who ask what holds.
    pub fn words(&self) -> String {
        let mut words = format!("{} {} {}", self.tool.as_str(), self.calls, self.per.words());
        let from: Vec<_> = self.from.iter().map(|origin| origin.word()).collect();
        if !from.is_empty() {
            words = format!("{words}, from {}", from.join(" or "));
        }
        words
    }
}

impl RateText {
    /// # Errors
    /// What is wrong with it.
    pub fn read(self) -> Result<Rate, String> {
        let name = self.tool.into_inner();
        let tool = ToolPattern::parse(&name).map_err(|why| format!("tool {name:?}: {why}"))?;
        let calls = self.calls.get();
        Ok(Rate {
            tool,
            from: self.from,
            calls,
            per: self.per,
            burst: self.burst.map_or(calls, NonZeroU32::get),
        })
    }
}

impl Rate {
    fn is_about(&self, spec: &ToolSpec, origin: CallOrigin) -> bool {
        self.tool.is_about(&spec.name) && (self.from.is_empty() || self.from.contains(&origin))
    }

    /// Between two permits.
    fn interval(&self) -> Duration {
        self.per.duration() / self.calls
    }
}

/// Counts calls.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    clock: Clock,
    /// When the permits of a rate will all be back, by the rate's place in the list.
    full_again: Mutex<HashMap<(usize, ToolName, CallOrigin), Duration>>,
}

impl RateLimiter {
    /// Counts by this clock.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            full_again: Mutex::default(),
        }
    }

    /// Takes a permit of every rate that is about the call, or of none.
    ///
    /// # Errors
    /// [`ToolError::RateLimited`], with the time until the next permit.
    pub fn take(
        &self,
        rates: &[Rate],
        spec: &ToolSpec,
        origin: CallOrigin,
    ) -> Result<(), ToolError> {
        let about = || {
            let about = rates.iter().enumerate();
            about.filter(|(_, rate)| rate.is_about(spec, origin))
        };
        if about().next().is_none() {
            return Ok(());
        }
        let now = self.clock.elapsed();
        let mut full_again = self
            .full_again
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let key = |at| (at, spec.name.clone(), origin);
        let wait = |at, rate: &Rate| {
            let full = full_again.get(&key(at)).copied().unwrap_or(now).max(now);
            // So much may be owed.
            let owed = rate.interval() * (rate.burst - 1);
            full.saturating_sub(owed).saturating_sub(now)
        };
        let waits = about().map(|(at, rate)| (wait(at, rate), rate));
        if let Some((retry_after, rate)) = waits.max_by_key(|(wait, _)| *wait)
            && !retry_after.is_zero()
        {
            return Err(ToolError::RateLimited {
                tool: spec.name.to_string(),
                limit: format!("{} {} from {origin}", rate.calls, rate.per.words()),
                retry_after,
            });
        }
        if full_again.len() >= MAX_COUNTED {
            full_again.retain(|_, full| *full > now);
        }
        for (at, rate) in about() {
            let full = full_again.entry(key(at)).or_insert(now);
            *full = (*full).max(now) + rate.interval();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::super::policy::Policy;
    use super::*;

    fn spec(name: &str) -> ToolSpec {
        let schema = serde_json::json!({ "type": "object" });
        ToolSpec::new(name, "", schema, Source::Builtin).expect("a name")
    }

    fn rates(text: &str) -> Vec<Rate> {
        Policy::parse(text).expect("sound").rates
    }

    fn wait(result: Result<(), ToolError>) -> u128 {
        match result {
            Ok(()) => 0,
            Err(ToolError::RateLimited { retry_after, .. }) => retry_after.as_millis(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn permits_come_back_one_by_one() {
        let clock = Clock::paused();
        let limiter = RateLimiter::new(clock.clone());
        let rates = rates(
            "[[rate]]\ntool = 'search'\nfrom = ['model']\ncalls = 6\nper = 'minute'\nburst = 2",
        );
        let take = |name, origin| wait(limiter.take(&rates, &spec(name), origin));
        assert_eq!(take("search", CallOrigin::Model), 0);
        assert_eq!(take("search", CallOrigin::Model), 0);
        assert_eq!(take("search", CallOrigin::Model), 10_000);
        // Nobody else pays for it.
        assert_eq!(take("search", CallOrigin::User), 0);
        assert_eq!(take("other", CallOrigin::Model), 0);
        clock.advance(Duration::from_millis(9_999));
        assert_eq!(take("search", CallOrigin::Model), 1);
        clock.advance(Duration::from_millis(1));
        assert_eq!(take("search", CallOrigin::Model), 0);
        assert_eq!(take("search", CallOrigin::Model), 10_000);
        clock.advance(Duration::from_hours(1));
        assert_eq!(take("search", CallOrigin::Model), 0);
        assert_eq!(take("search", CallOrigin::Model), 0);
        assert_eq!(take("search", CallOrigin::Model), 10_000);
    }

    #[test]
    fn a_refusal_costs_no_permit_of_another_rate() {
        let clock = Clock::paused();
        let limiter = RateLimiter::new(clock.clone());
        let rates = rates(
            "[[rate]]\ntool = '*'\ncalls = 3\nper = 'hour'\n\
             [[rate]]\ntool = 'x'\ncalls = 1\nper = 'second'\n",
        );
        let take = || wait(limiter.take(&rates, &spec("x"), CallOrigin::User));
        assert_eq!(take(), 0);
        for _ in 0..10 {
            assert_eq!(take(), 1000);
        }
        clock.advance(Duration::from_secs(1));
        assert_eq!(take(), 0);
        clock.advance(Duration::from_secs(1));
        assert_eq!(take(), 0);
        clock.advance(Duration::from_secs(1));
        assert_eq!(take(), 1200 * 1000 - 3000, "of the hour");
    }

    #[test]
    fn the_message_says_how_long() {
        let rates = rates("[[rate]]\ntool = 'x'\ncalls = 1\nper = 'minute'");
        let limiter = RateLimiter::new(Clock::paused());
        let take = || limiter.take(&rates, &spec("x"), CallOrigin::Model);
        take().expect("a permit");
        let error = take().expect_err("no other");
        let expected =
            "x was called too often (1 a minute from model): it can be called again in 60.0 s";
        assert_eq!(error.to_string(), expected);
    }
}
