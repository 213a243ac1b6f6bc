//! Subscribing and unsubscribing.

use kucoin_streams_client::{Config, SubscribeError};
use kucoin_streams_transport::ConnectError;

use crate::rig::{Numbers, Rig, Server, Tokens, gap_text, next, run_tasks};

#[tokio::test(start_paused = true)]
async fn subscribe_resolves_on_the_ack_and_keeps_event_order() {
    let (_rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..3).await;
    for expected in ["0", "1", "2"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn refusal_returns_code_and_message() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let (refused, ()) = tokio::join!(connection.subscribe(Numbers("/a")), async {
        let (mut server, _) = rig.accept().await;
        assert_eq!(server.receive().await, "subscribe 1 /a");
        server.send("refuse 1 topic /a is not found").await;
        run_tasks().await;
    });
    let SubscribeError::Refused {
        topic,
        code,
        message,
    } = refused.unwrap_err()
    else {
        panic!("another error");
    };
    assert_eq!((topic.as_str(), code), ("/a", Some(404)));
    assert_eq!(message, "topic /a is not found");
    assert_eq!(rig.lifecycle_events(), ["Open", "Response", "Exception"]);
}

#[tokio::test(start_paused = true)]
async fn equal_topics_share_one_wire_subscription() {
    let (rig, mut server, first) = Rig::live("/a").await;
    let mut second = rig.connection.subscribe(Numbers("/a")).await.unwrap();
    server.push("/a", 5..6).await;
    assert_eq!(next(&mut second).await, "5");
    drop(first);
    run_tasks().await;
    server.push("/a", 6..7).await;
    assert_eq!(next(&mut second).await, "6");
    drop(second);
    assert_eq!(server.receive().await, "unsubscribe 2 /a");
}

#[tokio::test(start_paused = true)]
async fn several_topics_of_one_subscription_keep_arrival_order() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let topics = vec![Numbers("/a"), Numbers("/b")];
    let (both, server) = tokio::join!(connection.subscribe(topics), async {
        let (mut server, _) = rig.accept().await;
        server.acknowledge(2).await;
        server
    });
    let mut both = both.unwrap();
    for (topic, number) in [("/b", 1), ("/a", 2), ("/b", 3)] {
        server.send(&format!("push {topic} {number}")).await;
    }
    for (topic, number) in [("/b", 1), ("/a", 2), ("/b", 3)] {
        let update = both.next().await.unwrap().unwrap();
        assert_eq!((update.topic().as_str(), update.0), (topic, number));
    }
}

#[tokio::test(start_paused = true)]
async fn available_topics_lose_nothing_to_a_refusal() {
    for refused_first in [true, false] {
        let mut rig = Rig::new();
        let connection = rig.connection.clone();
        let topics = vec![Numbers("/a"), Numbers("/b")];
        let (available, mut server) = tokio::join!(connection.subscribe_available(topics), async {
            let (mut server, _) = rig.accept().await;
            assert_eq!(server.receive().await, "subscribe 1 /a");
            assert_eq!(server.receive().await, "subscribe 2 /b");
            let mut answers = ["refuse 1 topic /a is not found", "ack 2"];
            if !refused_first {
                answers.reverse();
            }
            server.push("/b", 0..1).await;
            for answer in answers {
                server.send(answer).await;
            }
            server.push("/b", 1..2).await;
            server
        });
        let (mut numbers, refused) = available.unwrap();
        assert!(
            matches!(&refused[..], [SubscribeError::Refused { topic, .. }] if topic == "/a"),
            "{refused:?}"
        );
        let (mut events, mut gaps) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            match numbers.next().await.unwrap() {
                Ok(update) => events.push(update.0),
                Err(gap) => gaps.push(gap_text(&gap)),
            }
        }
        assert_eq!(events, [0, 1]);
        assert_eq!(gaps, ["/a refused: topic /a is not found"]);
        drop(numbers);
        assert_eq!(server.receive().await, "unsubscribe 3 /b");
    }
}

#[tokio::test(start_paused = true)]
async fn last_refusal_is_the_error_if_all_topics_are_refused() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let topics = vec![Numbers("/a"), Numbers("/b")];
    let (available, _server) = tokio::join!(connection.subscribe_available(topics), async {
        let (mut server, _) = rig.accept().await;
        server.receive().await;
        server.receive().await;
        server.send("refuse 1 topic /a is not found").await;
        server.send("refuse 2 topic /b is not found").await;
        server
    });
    let error = available.unwrap_err();
    assert!(
        matches!(&error, SubscribeError::Refused { topic, .. } if topic == "/b"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn dropped_subscribe_future_leaves_nothing_subscribed() {
    let (rig, mut server, _kept) = Rig::live("/a").await;
    {
        let subscribe = rig.connection.subscribe(Numbers("/b"));
        tokio::select! {
            biased;
            _ = subscribe => panic!("resolved without an acknowledgement"),
            request = server.receive() => assert_eq!(request, "subscribe 2 /b"),
        }
    }
    run_tasks().await;
    server.send("ack 2").await;
    assert_eq!(server.receive().await, "unsubscribe 3 /b");
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_fail_after_one_token_request() {
    let tokens = Tokens {
        refuse: true,
        ..Tokens::default()
    };
    let mut rig = Rig::with(Default::default(), tokens);
    let error = rig.connection.subscribe(Numbers("/a")).await.unwrap_err();
    let SubscribeError::Closed(closed) = error else {
        panic!("{error}")
    };
    assert!(closed.is_refusal());
    assert_eq!(rig.tokens.given(), 1);
    assert_eq!(rig.lifecycle_events(), ["Exception", "Close"]);
    let again = rig.connection.subscribe(Numbers("/a")).await.unwrap_err();
    assert!(matches!(again, SubscribeError::Closed(_)), "{again}");
}

#[tokio::test(start_paused = true)]
async fn server_ping_is_answered() {
    let (_rig, mut server, _numbers) = Rig::live("/a").await;
    server.0.send_ping("are you there").await.unwrap();
    let answer = server.0.receive().await;
    assert_eq!(
        answer,
        Some(kucoin_streams_transport::Message::Pong(
            "are you there".into()
        ))
    );
}

#[tokio::test(start_paused = true)]
async fn first_dial_waits_for_a_subscription_or_wait_live() {
    let mut rig = Rig::new();
    run_tasks().await;
    assert_eq!(rig.tokens.given(), 0);
    let connection = rig.connection.clone();
    let (live, (_server, token)): (_, (Server, String)) =
        tokio::join!(connection.wait_live(), rig.accept());
    live.unwrap();
    assert_eq!(token, "1");
}

#[tokio::test(start_paused = true)]
async fn late_frames_before_the_unsubscribe_ack_are_dropped() {
    let (rig, mut server, first) = Rig::live("/a").await;
    drop(first);
    assert_eq!(server.receive().await, "unsubscribe 2 /a");
    let (again, server) = tokio::join!(rig.connection.subscribe(Numbers("/a")), async {
        run_tasks().await;
        server.push("/a", 5..6).await;
        server.send("ack 2").await;
        assert_eq!(server.receive().await, "subscribe 3 /a");
        // 6 and 7 were missed while nothing was subscribed.
        server.send("ack 3").await;
        server
    });
    let mut again = again.unwrap();
    server.push("/a", 8..9).await;
    assert_eq!(next(&mut again).await, "8");
}

#[tokio::test(start_paused = true)]
async fn late_frames_after_the_unsubscribe_ack_are_dropped() {
    let (rig, mut server, first) = Rig::live("/a").await;
    drop(first);
    assert_eq!(server.receive().await, "unsubscribe 2 /a");
    server.send("ack 2").await;
    run_tasks().await;
    let (again, server) = tokio::join!(rig.connection.subscribe(Numbers("/a")), async {
        assert_eq!(server.receive().await, "subscribe 3 /a");
        // Sent before the unsubscription; 6 and 7 were missed while nothing was subscribed.
        server.push("/a", 5..6).await;
        server.send("ack 3").await;
        server
    });
    let mut again = again.unwrap();
    server.push("/a", 8..9).await;
    assert_eq!(next(&mut again).await, "8");
}

#[tokio::test(start_paused = true)]
async fn late_frames_without_an_unsubscribe_ack_are_dropped() {
    let (rig, mut server, first) = Rig::live("/a").await;
    drop(first);
    assert_eq!(server.receive().await, "unsubscribe 2 /a");
    assert_eq!(server.receive().await, "unsubscribe 2 /a");
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let (again, server) = tokio::join!(rig.connection.subscribe(Numbers("/a")), async {
        assert_eq!(server.receive().await, "subscribe 3 /a");
        server.push("/a", 5..6).await;
        server.send("ack 2").await;
        server.send("ack 3").await;
        server
    });
    let mut again = again.unwrap();
    server.push("/a", 8..9).await;
    assert_eq!(next(&mut again).await, "8");
}

#[tokio::test(start_paused = true)]
async fn subscribe_without_network_returns_the_last_failure() {
    let mut rig = Rig::new();
    let refuse = async {
        loop {
            let dial = rig.listener.accept().await.unwrap();
            dial.refuse(ConnectError::Tcp(
                std::io::ErrorKind::ConnectionRefused.into(),
            ));
        }
    };
    let began = tokio::time::Instant::now();
    let failed = async {
        let connection = rig.connection.clone();
        let (subscribed, live) =
            tokio::join!(connection.subscribe(Numbers("/a")), connection.wait_live());
        [subscribed.map(drop), live]
    };
    let failed = tokio::select! {
        failed = failed => failed,
        () = refuse => unreachable!("it always refuses"),
    };
    assert_eq!(began.elapsed().as_secs(), 30);
    for failed in failed {
        let Err(SubscribeError::TimedOut { cause, .. }) = &failed else {
            panic!("{failed:?}");
        };
        assert!(
            cause
                .as_ref()
                .unwrap()
                .message
                .contains("no TCP connection")
        );
        assert!(
            failed
                .unwrap_err()
                .to_string()
                .contains("no TCP connection")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn silent_exchange_error_names_the_stage() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let subscribing = connection.subscribe(Numbers("/a"));
    let silent = async {
        let mut peers = Vec::new();
        loop {
            peers.push(rig.listener.accept().await.unwrap());
        }
    };
    let failed = tokio::select! {
        failed = subscribing => failed.unwrap_err(),
        () = silent => unreachable!("it never answers"),
    };
    assert!(
        failed.to_string().contains("no connection within"),
        "{failed}"
    );
}

#[tokio::test(start_paused = true)]
async fn temporary_refusal_fails_after_the_timeout() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let subscribing = connection.subscribe(Numbers("/a"));
    let refuse = async {
        let (mut server, _) = rig.accept().await;
        loop {
            let frame = server.receive().await;
            let mut words = frame.split(' ');
            match (words.next().unwrap(), words.next().unwrap()) {
                ("subscribe", id) => server.send(&format!("postpone {id} system error")).await,
                _ => server.send("pong").await,
            }
        }
    };
    let failed = tokio::select! {
        failed = subscribing => failed.unwrap_err(),
        () = refuse => unreachable!("it always refuses"),
    };
    let SubscribeError::Refused { code, message, .. } = failed else {
        panic!("{failed:?}");
    };
    assert_eq!((code, message.as_str()), (Some(500), "system error"));
}

#[tokio::test(start_paused = true)]
async fn known_temporary_refusal_delays_no_new_subscription() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let both = || vec![Numbers("/a"), Numbers("/b")];
    let (first, _server) = tokio::join!(connection.subscribe_available(both()), async {
        let (mut server, _) = rig.accept().await;
        assert_eq!(server.receive().await, "subscribe 1 /a");
        server.acknowledge(1).await;
        server.send("postpone 1 system error").await;
        server
    });
    let _first = first.unwrap();
    let began = tokio::time::Instant::now();
    let (mut second, _) = connection.subscribe_available(both()).await.unwrap();
    assert!(began.elapsed() < std::time::Duration::from_millis(100));
    let gap = second.next().await.unwrap().unwrap_err();
    assert_eq!(gap_text(&gap), "/a refused temporarily: system error");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_message_limit_does_not_time_out() {
    let config = Config::default().with_connect_timeout(std::time::Duration::from_secs(3));
    let mut rig = Rig::with(config, Tokens::default());
    let connection = rig.connection.clone();
    let names = (0..300).map(|number| &*format!("/{number}").leak());
    let topics: Vec<Numbers> = names.map(Numbers).collect();
    let (all, live, _server) = tokio::join!(
        connection.subscribe(topics),
        connection.wait_live(),
        async {
            let (mut server, _) = rig.accept().await;
            let mut acknowledged = 0;
            while acknowledged < 300 {
                let frame = server.receive().await;
                let mut words = frame.split(' ');
                let (kind, id) = (words.next().unwrap(), words.next().unwrap());
                // Delay of a busy server.
                tokio::time::sleep(std::time::Duration::from_millis(9)).await;
                match kind {
                    "ping" => server.send("pong").await,
                    _ => {
                        acknowledged += 1;
                        server.send(&format!("ack {id}")).await;
                    }
                }
            }
            server
        }
    );
    all.unwrap();
    live.unwrap();
}
