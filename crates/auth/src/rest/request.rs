//! Signed requests: signed right before they are sent, with the server's time.

use std::fmt;
use std::time::{Duration, Instant};

use kucoin_streams_core::{ClockOffset, Timestamp};
use reqwest::Method;
use zeroize::Zeroizing;

use super::address::Address;
use super::clock::offset_of;
use super::error::TokenError;
use super::http::Reply;
use super::{HostRole, RestTokens, refusal, reply};
use crate::sign_request;

const TIME: &str = "/api/v1/timestamp";

/// The limits of one request: the length of its reply, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    pub(super) bytes: usize,
    pub(super) time: Duration,
}

impl RequestLimits {
    /// Creates limits: the maximum length of a reply in bytes, and the timeout of the request.
    ///
    /// The time is from signing to the last byte of the reply.
    pub const fn new(bytes: usize, time: Duration) -> Self {
        Self { bytes, time }
    }
}

/// KuCoin's complete reply to a signed request, of any HTTP status.
///
/// `Debug` shows no body.
pub struct RestReply {
    status: u16,
    quota: Option<Quota>,
    body: Zeroizing<Vec<u8>>,
}

/// The state of a rate limit pool after a request.
///
/// KuCoin sends it in the headers `gw-ratelimit-limit`, `gw-ratelimit-remaining` and `gw-ratelimit-reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// Weights per window; `None` if KuCoin does not send it.
    pub limit: Option<u32>,
    /// Weights that remain in this window.
    pub remaining: u32,
    /// Time until the next window begins.
    pub reset: Duration,
}

impl Quota {
    /// Creates the state of a pool without its limit.
    pub const fn new(remaining: u32, reset: Duration) -> Self {
        Self {
            limit: None,
            remaining,
            reset,
        }
    }

    /// Sets the weights per window.
    #[must_use]
    pub const fn with_limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl RestReply {
    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the state of the rate limit pool; `None` if KuCoin does not send it.
    ///
    /// KuCoin does not send it if it is overloaded, so such a reply was not counted.
    pub fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// Returns the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body by value.
    pub fn into_body(mut self) -> Vec<u8> {
        std::mem::take(&mut *self.body)
    }
}

impl fmt::Debug for RestReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestReply")
            .field("status", &self.status)
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

impl RestTokens {
    /// Sends a signed GET to a REST host, and returns the reply of any HTTP status.
    ///
    /// `path_and_query` is signed and sent as it is, so it must be percent-encoded. It shares the hosts, the signer and
    /// the clock offset with the token requests, but not their rate limiter: the caller keeps KuCoin's rate limits. If
    /// KuCoin refuses the timestamp (400002), the server's clock is measured and the request is signed and sent again
    /// once. Redirects are not followed.
    ///
    /// Cancel safe: nothing is kept of a request if the future is dropped.
    ///
    /// # Errors
    ///
    /// Returns a [`TokenError`] if there is no complete reply within the limits. A reply with an error status or with
    /// KuCoin's refusal is not an error.
    pub async fn get(
        &self,
        host: HostRole,
        path_and_query: &str,
        limits: RequestLimits,
    ) -> Result<RestReply, TokenError> {
        let rest = self.hosts.rest(host)?;
        if !rest.keeps(path_and_query) {
            return Err(TokenError::UnusablePath);
        }
        let request = self.signed(&rest, Method::GET, path_and_query, limits);
        let reply = tokio::time::timeout(limits.time, request).await;
        let reply = reply.map_err(|_| TokenError::TimedOut {
            host: self.http.name_of(&rest),
            limit: limits.time,
        })??;
        Ok(RestReply {
            status: reply.status,
            quota: reply.quota,
            body: reply.body,
        })
    }

    /// Returns the host and port of a REST host, and the proxy if one is used, as errors show it.
    ///
    /// # Errors
    ///
    /// Returns a [`TokenError`] if the host is not set or serves no REST requests.
    pub fn host_name(&self, host: HostRole) -> Result<String, TokenError> {
        Ok(self.http.name_of(&*self.hosts.rest(host)?))
    }

    /// Sends a signed request. If the timestamp is refused, measures the server's clock and sends it once more.
    pub(super) async fn signed(
        &self,
        rest: &Address,
        method: Method,
        path: &str,
        limits: RequestLimits,
    ) -> Result<Reply, TokenError> {
        let signer = self.signer();
        let send = async || {
            let now_ms = self.clock.now_ms();
            let signed = sign_request(&*signer, now_ms, method.as_str(), path, "").await?;
            let sent = self
                .http
                .signed(rest, method.clone(), path, &signed, limits);
            sent.await
        };
        let signed_with = self.clock.offset_ms();
        let reply = send().await?;
        if !refusal::is_timestamp(&reply) {
            return Ok(reply);
        }
        let measuring = self.clock_measurement.lock().await;
        // Another request may have measured the clock while this one was sent.
        if self.clock.offset_ms() == signed_with {
            let measured = self.measure_clock_at(rest).await?;
            self.clock.set(measured);
            let offset_ms = measured.offset_ms();
            tracing::warn!(
                offset_ms,
                "this machine's clock is off; signing with the server's time"
            );
        }
        drop(measuring);
        send().await
    }

    /// Measures the offset of the server's clock, and leaves the offset for signing as it is.
    pub(super) async fn measure_clock_at(&self, rest: &Address) -> Result<ClockOffset, TokenError> {
        let (sent_at, sent) = (Timestamp::now(), Instant::now());
        let reply = self.http.get(rest, TIME).await?;
        let round_trip = sent.elapsed();
        let host = self.http.name_of(rest);
        let server_ms = reply::server_time(&host, &reply, self.clock.offset_ms())?;
        Ok(offset_of(server_ms, sent_at, round_trip))
    }
}
