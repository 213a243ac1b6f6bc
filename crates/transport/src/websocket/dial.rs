//! From a host to a TCP connection: resolving, racing the addresses, loopback for plaintext, socket options.

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

/// How long an address gets before the next one is tried beside it (RFC 8305, 5).
const STAGGER: Duration = Duration::from_millis(250);

/// How long sent data may stay unacknowledged before the connection counts as dead.
const USER_TIMEOUT: Duration = Duration::from_secs(20);

/// The addresses of a host, families alternating. Nothing is remembered from one dial to the next.
///
/// For plaintext only a loopback address, or `localhost` if it means nothing but loopback, gives any.
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

/// Connects to whichever address answers first and sets the options of the socket.
pub(super) async fn connect(addresses: Vec<SocketAddr>) -> Result<TcpStream, ConnectError> {
    let stream = race(addresses, TcpStream::connect)
        .await
        .map_err(ConnectError::Tcp)?;
    stream.set_nodelay(true).map_err(ConnectError::Tcp)?;
    if let Err(error) = watch_over(&stream) {
        // Some sandboxes lack these options; the heartbeat above us finds a dead peer, too, only later.
        tracing::debug!(%error, "keepalive is not available");
    }
    Ok(stream)
}

/// The error of the operating system if it opens nothing more. A failed look-up or a lack of root certificates does not
/// say that this is the cause.
pub(super) fn descriptor_shortage() -> Option<io::Error> {
    // EMFILE, ENFILE and WSAEMFILE; std has no kind for them.
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

/// Refuses a plaintext connection that did not end on this machine, whatever the name said.
pub(super) fn require_loopback(stream: TcpStream) -> Result<TcpStream, ConnectError> {
    let peer = stream.peer_addr().map_err(ConnectError::Tcp)?;
    if is_loopback(peer.ip()) {
        Ok(stream)
    } else {
        Err(ConnectError::Plaintext)
    }
}

/// Whether a host is meant to be this machine: a loopback address, or `localhost`.
pub(super) fn is_loopback_name(host: &str) -> bool {
    host.parse()
        .map_or_else(|_| host.eq_ignore_ascii_case("localhost"), is_loopback)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn watch_over(stream: &TcpStream) -> io::Result<()> {
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

/// Keeps the resolver's order within each family and takes turns between them, so that one dead family costs little.
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

/// Starts with the first address, adds the next whenever one fails or the stagger passes, and takes the first
/// success. The error is that of the attempt that failed last.
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

    /// Port 1 hangs, port 2 fails after 100 ms, port 3 connects after 100 ms, port 4 fails at once.
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
    async fn a_black_hole_delays_the_next_address_by_the_stagger_only() {
        check(&["10.0.0.1:1", "10.0.0.2:3"], Ok("10.0.0.2:3"), 350).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_starts_the_next_address_at_once() {
        check(
            &["10.0.0.1:4", "10.0.0.2:4", "10.0.0.3:3"],
            Ok("10.0.0.3:3"),
            100,
        )
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_address_wins_when_it_answers_in_time() {
        check(&["10.0.0.1:3", "10.0.0.2:3"], Ok("10.0.0.1:3"), 100).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_failure_is_reported() {
        check(
            &["10.0.0.1:4", "10.0.0.2:2"],
            Err(io::ErrorKind::TimedOut),
            100,
        )
        .await;
    }

    #[test]
    fn families_take_turns() {
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
    async fn the_socket_sends_at_once_and_notices_a_peer_that_vanished() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect(vec![listener.local_addr().unwrap()]).await.unwrap();
        assert!(stream.nodelay().unwrap());
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(USER_TIMEOUT));
    }
}
