//! The HTTP server: the page, its files and its event stream, and the checks that keep other sites out.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use tokio::sync::Semaphore;

use crate::hub::Hub;

/// Number of pages that can be open at the same time.
pub(crate) const MAX_PAGES: usize = 32;

/// Time after which a page connects again.
const RETRY: Duration = Duration::from_secs(1);

/// Everything is of this server, and text never becomes HTML or a script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const FILES: [(&str, &str, &str); 5] = [
    ("/", "text/html", include_str!("page.html")),
    ("/page.css", "text/css", include_str!("page.css")),
    ("/page.js", "text/javascript", include_str!("page.js")),
    ("/chart.js", "text/javascript", include_str!("chart.js")),
    ("/icon.svg", "image/svg+xml", include_str!("icon.svg")),
];

struct Pages {
    hub: Arc<Hub>,
    free: Arc<Semaphore>,
}

/// Creates the routes. With `only_loopback`, a page of another host name is refused.
pub(crate) fn router(hub: Arc<Hub>, only_loopback: bool) -> Router {
    let free = Arc::new(Semaphore::new(MAX_PAGES));
    let mut router = Router::new().route("/events", get(events));
    for (path, kind, text) in FILES {
        let file = ([(header::CONTENT_TYPE, kind)], text);
        router = router.route(path, get(async move || file));
    }
    let guard = middleware::from_fn(move |request, next| guard(only_loopback, request, next));
    router
        .with_state(Arc::new(Pages { hub, free }))
        .layer(guard)
}

/// Refuses requests that a page of another site causes, and adds the security headers.
async fn guard(only_loopback: bool, request: Request, next: Next) -> Response {
    let mut response = match check(request.headers(), only_loopback) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Refuses the host names and origins of other sites.
///
/// A foreign host name that resolves to this machine (DNS rebinding) is neither an IP address nor `localhost`.
fn check(headers: &HeaderMap, only_loopback: bool) -> Result<(), (StatusCode, &'static str)> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.ok_or((StatusCode::BAD_REQUEST, "the request has no Host header\n"))?;
    let name = host.parse::<Uri>().ok();
    let name = name.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_ours = match address {
        Ok(address) => address.is_loopback() || !only_loopback,
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    };
    if !is_ours {
        let what = "this page is only served as localhost or by the IP address on which the program listens; open the printed URL\n";
        return Err((StatusCode::MISDIRECTED_REQUEST, what));
    }
    let origin = headers.get(header::ORIGIN);
    if origin.is_some_and(|origin| *origin != *format!("http://{host}")) {
        let what = "requests of another site are refused\n";
        return Err((StatusCode::FORBIDDEN, what));
    }
    Ok(())
}

/// Sends the messages after `Last-Event-ID` (or `?after=`), or a snapshot first.
async fn events(State(pages): State<Arc<Pages>>, uri: Uri, headers: HeaderMap) -> Response {
    let Ok(permit) = Arc::clone(&pages.free).try_acquire_owned() else {
        let what = "too many open pages; close one\n";
        return (StatusCode::SERVICE_UNAVAILABLE, what).into_response();
    };
    let hub = Arc::clone(&pages.hub);
    let id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let id = id.or_else(|| uri.query().and_then(|query| query.strip_prefix("after=")));
    let after = id.and_then(|id| hub.number(id));
    let start = (hub.newest(), after, hub, permit);
    let messages = stream::unfold(start, async |(mut newest, mut after, hub, permit)| {
        loop {
            newest.borrow_and_update();
            if let Some(message) = hub.read(after) {
                after = Some(message.number);
                let event = Event::default().event(message.name).data(message.json);
                let event = event.id(hub.id(message.number)).retry(RETRY);
                return Some((Ok::<_, Infallible>(event), (newest, after, hub, permit)));
            }
            newest.changed().await.ok()?;
        }
    });
    Sse::new(messages).into_response()
}
