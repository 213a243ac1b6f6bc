//! The URL of one dial: the server's address, the percent-encoded token, and a connection ID.

use kucoin_streams_core::SecretUrl;

use super::address::Address;

/// Returns the URL of a V1 connection: endpoint, token, and the connection ID that the welcome repeats.
pub(super) fn v1(server: &Address, token: &str, connect_id: &str) -> SecretUrl {
    with_token(server, token, &["&connectId=", connect_id])
}

/// Returns the URL of a Pro V2 connection: the configured host and the token.
pub(super) fn pro(server: &Address, token: &str) -> SecretUrl {
    with_token(server, token, &[])
}

fn with_token(server: &Address, token: &str, rest: &[&str]) -> SecretUrl {
    let endpoint = server.endpoint();
    let rest_len: usize = rest.iter().map(|part| part.len()).sum();
    // Reserve the maximum: a string that grows leaves copies of the token in memory.
    let mut url = String::with_capacity(endpoint.len() + 7 + 3 * token.len() + rest_len);
    url.push_str(endpoint);
    url.push_str("?token=");
    push_percent_encoded(&mut url, token);
    for part in rest {
        url.push_str(part);
    }
    SecretUrl::new(url)
}

fn push_percent_encoded(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(endpoint: &str) -> Address {
        Address::web_socket(endpoint).unwrap()
    }

    #[test]
    fn v1_url_has_endpoint_and_encoded_token() {
        let url = v1(
            &server("wss://ws.kucoin.com/endpoint"),
            "2ne+Ai/u_Y-v.A==",
            "id7",
        );
        assert_eq!(
            url.expose(),
            "wss://ws.kucoin.com/endpoint?token=2ne%2BAi%2Fu_Y-v.A%3D%3D&connectId=id7"
        );
    }

    #[test]
    fn endpoint_without_a_path_gets_one() {
        let with = v1(&server("wss://ws.kucoin.com/"), "t", "1");
        let without = v1(&server("wss://ws.kucoin.com"), "t", "1");
        assert_eq!(with.expose(), "wss://ws.kucoin.com/?token=t&connectId=1");
        assert_eq!(without.expose(), with.expose());
    }

    #[test]
    fn pro_url_has_no_connect_id() {
        let url = pro(&server("wss://wsapi-push.kucoin.com"), "a&b=ü");
        assert_eq!(
            url.expose(),
            "wss://wsapi-push.kucoin.com/?token=a%26b%3D%C3%BC"
        );
    }
}
