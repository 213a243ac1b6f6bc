//! A token service and its client: the service holds the API secret, the client is the source of a `Kucoin`.
#![allow(clippy::print_stdout)]

use std::time::Duration;

use kucoin_streams::WsKey;
use kucoin_streams::auth::rest::RestTokens;
use kucoin_streams::core::{
    ConnectionInfo, ConnectionSource, Heartbeat, RetryPolicy, SecretUrl, SourceError,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The client of the service: it knows no key and no secret.
///
/// It is asked for every dial and **keeps nothing**: a token opens one connection, so an answer that is handed out
/// twice, by this type or by a cache in the service, is a reconnection that fails.
#[derive(Debug)]
pub(crate) struct TokenService(mpsc::Sender<Question>);

type Question = (WsKey, oneshot::Sender<Result<Grant, Denial>>);

/// What the service grants for one dial. Here it goes through a channel; from another machine, over HTTPS only.
struct Grant {
    url: SecretUrl,
    heartbeat: Option<Heartbeat>,
}

/// Why it does not, in the words of HTTP.
struct Denial {
    status: u16,
    retry_after: Option<Duration>,
    /// KuCoin's code, if the refusal is KuCoin's.
    code: Option<String>,
    reason: String,
}

impl ConnectionSource for TokenService {
    async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
        // The service may be restarting, and that passes by itself.
        let gone = || SourceError::new(RetryPolicy::Transient, "the token service does not answer");
        let (answer, answered) = oneshot::channel();
        self.0.send((ws_key, answer)).await.map_err(|_| gone())?;
        let grant = answered
            .await
            .map_err(|_| gone())?
            .map_err(SourceError::from)?;
        let mut info = ConnectionInfo::new(grant.url);
        info.heartbeat = grant.heartbeat;
        Ok(info)
    }
}

/// The class decides whether the client waits, retries or stops, so that a revoked key is not asked for again and
/// again.
impl From<Denial> for SourceError {
    fn from(denial: Denial) -> Self {
        let class = match denial.status {
            403 => RetryPolicy::Refused,
            429 => RetryPolicy::Throttled(denial.retry_after),
            502 => RetryPolicy::Blocked,
            503 => RetryPolicy::Transient,
            _ => RetryPolicy::Fatal,
        };
        let error = SourceError::new(class, format!("token service: {}", denial.reason));
        match denial.code {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}

/// Starts the service, which ends when its client is dropped.
pub(crate) fn start(tokens: RestTokens) -> (TokenService, JoinHandle<()>) {
    let (questions, asked) = mpsc::channel(4);
    (TokenService(questions), tokio::spawn(serve(tokens, asked)))
}

/// The service: it gives what is needed for a dial, or says in its reply whether asking again makes sense.
async fn serve(tokens: RestTokens, mut questions: mpsc::Receiver<Question>) {
    while let Some((ws_key, answer)) = questions.recv().await {
        // Who asked may have given up while it waited here.
        if answer.is_closed() {
            continue;
        }
        let granted = match tokens.fetch(ws_key).await {
            Ok(info) => Ok(Grant {
                url: info.url,
                heartbeat: info.heartbeat,
            }),
            Err(error) => {
                let (status, retry_after) = match error.class() {
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
        match &granted {
            // The URL carries the token: only what stands before its query may be shown.
            Ok(grant) => println!("service    a new token for {}", grant.url.without_query()),
            Err(denial) => println!("service    {} {}", denial.status, denial.reason),
        }
        // Where nobody waits any more the token is dropped, and never kept for the next.
        let _ = answer.send(granted);
    }
}
