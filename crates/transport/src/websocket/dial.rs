//! Opens TCP connections: resolves names, races addresses, checks loopback and sets socket options.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::ConnectError;

/// The delay before the next address is tried in parallel (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// How long sent data may stay unacknowledged before the connection is dead.
const USER_TIMEOUT: Duration = Duration::from_secs(20);

/// Resolves a host to addresses, IPv4 and IPv6 alternating. Results are not cached.
///
/// For plaintext, returns an error unless the host is a loopback address, or `localhost` with loopback addresses only.
pub(super) async fn resolve(
    host: &str,
    port: u16,
    is_plaintext: bool,
) -> Result<Vec<SocketAddr>, ConnectError> {
    if is_plaintext && !is_loopback_name(host) {
        return Err(ConnectError::Plaintext);
    }
    let addresses: Vec<SocketAddr> = match host.parse().ok() {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => lookup_host((host, port))
            .await
            .map_err(|error| ConnectError::Dns(descriptor_shortage().unwrap_or(error)))?
            .collect(),
    };
    if addresses.is_empty() {
        return Err(ConnectError::Dns(io::ErrorKind::NotFound.into()));
    }
    if is_plaintext && !addresses.iter().all(|address| is_loopback(address.ip())) {
        return Err(ConnectError::Plaintext);
    }
    Ok(alternate_families(addresses))
}

/// Connects to the address that answers first, and sets the socket options.
pub(super) async fn connect(addresses: Vec<SocketAddr>) -> Result<TcpStream, ConnectError> {
    let stream = race(addresses, TcpStream::connect)
        .await
        .map_err(ConnectError::Tcp)?;
    stream.set_nodelay(true).map_err(ConnectError::Tcp)?;
    if let Err(error) = set_keepalive(&stream) {
        // Some sandboxes lack these options; a dead peer is then detected later, by the heartbeat.
        tracing::debug!(%error, "keepalive is not available");
    }
    Ok(stream)
}

/// Returns the operating system's error if the process has no file descriptors left; otherwise `None`.
///
/// A failed DNS lookup or missing root certificates do not show this cause.
pub(super) fn descriptor_shortage() -> Option<io::Error> {
    // EMFILE, ENFILE and WSAEMFILE; `io::ErrorKind` has no kind for them.
    const CODES: [i32; 3] = [24, 23, 10_024];
    let shortage = |error: &io::Error| {
        error
            .raw_os_error()
            .is_some_and(|code| CODES.contains(&code))
    };
    std::net::UdpSocket::bind(("127.0.0.1", 0))
        .err()
        .filter(shortage)
}

/// Refuses a plaintext connection whose peer is not on this machine, even if the host is `localhost`.
pub(super) fn require_loopback(stream: TcpStream) -> Result<TcpStream, ConnectError> {
    let peer = stream.peer_addr().map_err(ConnectError::Tcp)?;
    if is_loopback(peer.ip()) {
        Ok(stream)
    } else {
        Err(ConnectError::Plaintext)
    }
}

/// Returns `true` if the host is a loopback address or `localhost`.
pub(super) fn is_loopback_name(host: &str) -> bool {
    host.parse()
        .map_or_else(|_| host.eq_ignore_ascii_case("localhost"), is_loopback)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn set_keepalive(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(15))
        .with_interval(Duration::from_secs(5));
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = USER_TIMEOUT;
    Ok(())
}

/// Alternates between IPv4 and IPv6 addresses, keeping the order within each family.
///
/// If one family does not work, little time is lost.
fn alternate_families(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (same, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_ipv6);
    let (mut same, mut other) = (same.into_iter(), other.into_iter());
    let mut ordered = Vec::new();
    loop {
        let pair = [same.next(), other.next()];
        if pair == [None, None] {
            return ordered;
        }
        ordered.extend(pair.into_iter().flatten());
    }
}

/// Races connection attempts to the addresses, and returns the first success.
///
/// The next attempt starts if an attempt fails or `STAGGER` passes. If all attempts fail, the error of the attempt that
/// failed last is returned.
async fn race<T, F>(addresses: Vec<SocketAddr>, attempt: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = addresses.into_iter();
    let mut running: Vec<Pin<Box<F>>> = Vec::new();
    let mut last_error = io::Error::from(io::ErrorKind::NotFound);
    loop {
        if let Some(address) = waiting.next() {
            running.push(Box::pin(attempt(address)));
        } else if running.is_empty() {
            return Err(last_error);
        }
        let finished = if waiting.len() == 0 {
            first_to_finish(&mut running).await
        } else {
            match timeout(STAGGER, first_to_finish(&mut running)).await {
                Ok(finished) => finished,
                Err(_) => continue,
            }
        };
        match finished {
            Ok(connected) => return Ok(connected),
            Err(error) => last_error = error,
        }
    }
}

async fn first_to_finish<F: Future>(running: &mut Vec<Pin<Box<F>>>) -> F::Output {
    poll_fn(|context| {
        for index in 0..running.len() {
            if let Poll::Ready(output) = running[index].as_mut().poll(context) {
                drop(running.swap_remove(index));
                return Poll::Ready(output);
            }
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, sleep};

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// Port 1 hangs, port 2 fails after 100 ms, port 3 connects after 100 ms, all others fail at once.
    async fn attempt(address: SocketAddr) -> io::Result<SocketAddr> {
        match address.port() {
            1 => std::future::pending().await,
            2 => {
                sleep(Duration::from_millis(100)).await;
                Err(io::ErrorKind::TimedOut.into())
            }
            3 => {
                sleep(Duration::from_millis(100)).await;
                Ok(address)
            }
            _ => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }

    async fn check(texts: &[&str], expected: Result<&str, io::ErrorKind>, after_ms: u64) {
        let started = Instant::now();
        let raced = race(addresses(texts), attempt)
            .await
            .map_err(|error| error.kind());
        assert_eq!(
            raced,
            expected.map(|text| text.parse().unwrap()),
            "{texts:?}"
        );
        assert_eq!(
            started.elapsed(),
            Duration::from_millis(after_ms),
            "{texts:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn hanging_address_delays_the_next_by_the_stagger() {
        check(&["10.0.0.1:1", "10.0.0.2:3"], Ok("10.0.0.2:3"), 350).await;
    }

    #[tokio::test(start_paused = true)]
    async fn refusal_starts_the_next_address_at_once() {
        check(
            &["10.0.0.1:4", "10.0.0.2:4", "10.0.0.3:3"],
            Ok("10.0.0.3:3"),
            100,
        )
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn first_address_wins_if_it_answers_in_time() {
        check(&["10.0.0.1:3", "10.0.0.2:3"], Ok("10.0.0.1:3"), 100).await;
    }

    #[tokio::test(start_paused = true)]
    async fn last_failure_is_reported() {
        check(
            &["10.0.0.1:4", "10.0.0.2:2"],
            Err(io::ErrorKind::TimedOut),
            100,
        )
        .await;
    }

    #[test]
    fn address_families_alternate() {
        let mixed = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "10.0.0.2:1"]);
        let ordered = addresses(&["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"]);
        assert_eq!(alternate_families(mixed), ordered);
    }

    #[tokio::test]
    async fn plaintext_resolves_to_loopback_only() {
        for host in [
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
            "LocalHost",
        ] {
            let resolved = resolve(host, 80, true).await.unwrap();
            assert!(
                resolved.iter().all(|address| is_loopback(address.ip())),
                "{host}: {resolved:?}"
            );
        }
        for host in [
            "10.0.0.1",
            "0.0.0.0",
            "::",
            "127.1",
            "localhost.a.test",
            "a.test",
        ] {
            let refused = resolve(host, 80, true).await;
            assert!(
                matches!(refused, Err(ConnectError::Plaintext)),
                "{host}: {refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn socket_has_nodelay_keepalive_and_user_timeout() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect(vec![listener.local_addr().unwrap()]).await.unwrap();
        assert!(stream.nodelay().unwrap());
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(USER_TIMEOUT));
    }
}
