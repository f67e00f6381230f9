//! How far a call has come, told to whoever asked for it. Floor 2.

use std::sync::atomic::Ordering;

use serde_json::Number;

use super::Context;
use crate::method::Method;
use crate::model::ProgressNotificationParams;
use crate::model::lower::Lower;

/// One progress notification in the making, see [`Context::progress`].
#[derive(Debug)]
#[must_use = "nothing is sent before `.send()`"]
pub struct Progress<'a> {
    context: &'a Context,
    done: f64,
    total: Option<f64>,
    message: Option<String>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(context: &'a Context, done: f64) -> Self {
        Self { context, done, total: None, message: None }
    }

    /// How much there is to do altogether.
    pub fn of(mut self, total: impl Amount) -> Self {
        self.total = Some(total.number());
        self
    }

    /// What is being done, for people (since 2025-03-26).
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Sends it, if the client asked for progress of this call and the value has grown since the last time.
    ///
    /// Never waits: it is dropped while the client does not read.
    pub fn send(self) {
        let inner = &self.context.0;
        let Some(token) = &inner.progress_token else { return };
        if self.context.has_ended() || !self.done.is_finite() || !self.grows() {
            return;
        }
        let Some(progress) = number(self.done) else { return };
        let mut params = ProgressNotificationParams {
            progress_token: token.clone(),
            progress,
            total: self.total.and_then(number),
            message: self.message,
            meta: None,
        };
        params.lower(inner.revision);
        inner.common.peer.notify(Method::Progress.as_str(), &params);
    }

    fn grows(&self) -> bool {
        let last = &self.context.0.progress;
        let grown = |bits| (f64::from_bits(bits) < self.done).then(|| self.done.to_bits());
        last.fetch_update(Ordering::AcqRel, Ordering::Acquire, grown).is_ok()
    }
}

/// The number as JSON writes it: 50, not 50.0.
fn number(value: f64) -> Option<Number> {
    #[expect(clippy::cast_possible_truncation, reason = "the guard leaves whole numbers below 2^53 only")]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

/// Any number that can say how far a call has come.
pub trait Amount: private::Sealed {
    /// The number as a float; integers beyond 2^53 lose their last digits.
    fn number(self) -> f64;
}

mod private {
    pub trait Sealed {}
}

macro_rules! amounts {
    ($($number:ty)*) => { $(
        impl private::Sealed for $number {}
        impl Amount for $number {
            #[allow(clippy::cast_lossless, clippy::cast_precision_loss, reason = "one body for every type; documented")]
            fn number(self) -> f64 { self as f64 }
        }
    )* };
}

amounts!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64);
