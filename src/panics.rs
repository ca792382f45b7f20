//! Panics of code that is not ours: caught, and kept off the screen.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

thread_local! {
    static CONTAINED: Cell<u32> = const { Cell::new(0) };
}

/// Runs code that may panic; gives the panic's message. Hooks ask [`is_contained`] and keep
/// silent.
///
/// # Errors
/// If the code panicked.
pub(crate) fn contain<T>(risky: impl FnOnce() -> T) -> Result<T, String> {
    CONTAINED.set(CONTAINED.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(risky));
    CONTAINED.set(CONTAINED.get() - 1);
    result.map_err(|payload| message(&*payload))
}

/// Whether a panic on this thread would be caught by [`contain`].
pub(crate) fn is_contained() -> bool {
    CONTAINED.get() > 0
}

/// What a panic said.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

/// From now on, panics that are caught print nothing.
pub(crate) fn silence_contained() {
    let report = take_hook();
    set_hook(Box::new(move |info| {
        if !is_contained() {
            report(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_contained_and_told() {
        assert!(!is_contained());
        assert_eq!(contain(is_contained), Ok(true));
        let told = contain(|| -> () { panic!("in a {}", "decoder") });
        assert_eq!(told, Err("in a decoder".to_owned()));
        assert!(!is_contained());
    }
}
