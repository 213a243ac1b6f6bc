//! A token service, which has the API secret, and its client, which is the token source of a `Kucoin`.
#![allow(clippy::print_stdout)]

use std::time::Duration;

use kucoin_streams::WsKey;
use kucoin_streams::auth::rest::RestTokens;
use kucoin_streams::core::{
    ConnectionInfo, ConnectionSource, Heartbeat, RetryPolicy, SecretUrl, SourceError,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The client of the service, without API key and secret.
///
/// It requests a new token for each dial and **caches nothing**, since a token expires after 24 h. The service must not
/// cache tokens either.
#[derive(Debug)]
pub(crate) struct TokenService(mpsc::Sender<Request>);

type Request = (WsKey, oneshot::Sender<Result<Grant, Denial>>);

/// The response for one dial. Here it is sent through a channel; between machines, use only HTTPS.
struct Grant {
    url: SecretUrl,
    heartbeat: Option<Heartbeat>,
}

/// The refusal of a request, as an HTTP service would send it.
struct Denial {
    status: u16,
    retry_after: Option<Duration>,
    /// KuCoin's error code, if KuCoin refused the token.
    code: Option<String>,
    reason: String,
}

impl ConnectionSource for TokenService {
    async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
        // The service may be restarting, so the client retries.
        let unavailable =
            || SourceError::new(RetryPolicy::Transient, "the token service does not answer");
        let (reply, response) = oneshot::channel();
        self.0
            .send((ws_key, reply))
            .await
            .map_err(|_| unavailable())?;
        let grant = response
            .await
            .map_err(|_| unavailable())?
            .map_err(SourceError::from)?;
        let mut info = ConnectionInfo::new(grant.url);
        info.heartbeat = grant.heartbeat;
        Ok(info)
    }
}

/// The retry policy decides whether the client waits, retries or stops; it stops if the key is revoked.
impl From<Denial> for SourceError {
    fn from(denial: Denial) -> Self {
        let policy = match denial.status {
            403 => RetryPolicy::Refused,
            429 => RetryPolicy::Throttled(denial.retry_after),
            502 => RetryPolicy::Blocked,
            503 => RetryPolicy::Transient,
            _ => RetryPolicy::Fatal,
        };
        let error = SourceError::new(policy, format!("token service: {}", denial.reason));
        match denial.code {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}

/// Starts the service. It ends when its client is dropped.
pub(crate) fn start(tokens: RestTokens) -> (TokenService, JoinHandle<()>) {
    let (sender, requests) = mpsc::channel(4);
    (TokenService(sender), tokio::spawn(serve(tokens, requests)))
}

/// Serves requests: fetches a token for each, or replies with a status that says whether to retry.
async fn serve(tokens: RestTokens, mut requests: mpsc::Receiver<Request>) {
    while let Some((ws_key, reply)) = requests.recv().await {
        // The client may have given up while its request was queued.
        if reply.is_closed() {
            continue;
        }
        let result = match tokens.fetch(ws_key).await {
            Ok(info) => Ok(Grant {
                url: info.url,
                heartbeat: info.heartbeat,
            }),
            Err(error) => {
                let (status, retry_after) = match error.retry_policy() {
                    RetryPolicy::Refused => (403, None),
                    RetryPolicy::Throttled(wait) => (429, wait),
                    RetryPolicy::Blocked => (502, None),
                    RetryPolicy::Transient => (503, None),
                    _ => (500, None),
                };
                Err(Denial {
                    status,
                    retry_after,
                    code: error.code().map(str::to_owned),
                    reason: error.to_string(),
                })
            }
        };
        match &result {
            // The query of the URL contains the token: never print it.
            Ok(grant) => println!("service    new token for {}", grant.url.without_query()),
            Err(denial) => println!("service    {} {}", denial.status, denial.reason),
        }
        // If the client has given up, the token is dropped and not reused.
        let _ = reply.send(result);
    }
}
