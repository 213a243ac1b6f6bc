//! Subscribing and unsubscribing through the handle.

use kucoin_streams_client::{Config, SubscribeError};
use kucoin_streams_transport::ConnectError;

use crate::rig::{Numbers, Rig, Server, Tokens, breathe, gap_words, next};

#[tokio::test(start_paused = true)]
async fn a_subscription_resolves_on_its_acknowledgement_and_yields_events_in_order() {
    let (_rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..3).await;
    for expected in ["0", "1", "2"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_fails_with_code_and_words() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let (refused, ()) = tokio::join!(connection.subscribe(Numbers("/a")), async {
        let (mut server, _) = rig.accept().await;
        assert_eq!(server.hear().await, "subscribe 1 /a");
        server.say("refuse 1 topic /a is not found").await;
        breathe().await;
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
    assert_eq!(rig.told(), ["Open", "Response", "Exception"]);
}

#[tokio::test(start_paused = true)]
async fn equal_topics_share_one_wire_subscription_until_the_last_is_dropped() {
    let (rig, mut server, first) = Rig::live("/a").await;
    let mut second = rig.connection.subscribe(Numbers("/a")).await.unwrap();
    server.push("/a", 5..6).await;
    assert_eq!(next(&mut second).await, "5");
    drop(first);
    breathe().await;
    server.push("/a", 6..7).await;
    assert_eq!(next(&mut second).await, "6");
    drop(second);
    assert_eq!(server.hear().await, "unsubscribe 2 /a");
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
        server.say(&format!("push {topic} {number}")).await;
    }
    for (topic, number) in [("/b", 1), ("/a", 2), ("/b", 3)] {
        let update = both.next().await.unwrap().unwrap();
        assert_eq!((update.topic().as_str(), update.0), (topic, number));
    }
}

#[tokio::test(start_paused = true)]
async fn available_topics_go_on_and_lose_nothing_to_the_refusal_of_another() {
    for refused_first in [true, false] {
        let mut rig = Rig::new();
        let connection = rig.connection.clone();
        let topics = vec![Numbers("/a"), Numbers("/b")];
        let (available, mut server) = tokio::join!(connection.subscribe_available(topics), async {
            let (mut server, _) = rig.accept().await;
            assert_eq!(server.hear().await, "subscribe 1 /a");
            assert_eq!(server.hear().await, "subscribe 2 /b");
            let mut answers = ["refuse 1 topic /a is not found", "ack 2"];
            if !refused_first {
                answers.reverse();
            }
            server.push("/b", 0..1).await;
            for answer in answers {
                server.say(answer).await;
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
                Err(gap) => gaps.push(gap_words(&gap)),
            }
        }
        assert_eq!(events, [0, 1]);
        assert_eq!(gaps, ["/a refused: topic /a is not found"]);
        drop(numbers);
        assert_eq!(server.hear().await, "unsubscribe 3 /b");
    }
}

#[tokio::test(start_paused = true)]
async fn where_every_topic_is_refused_the_last_refusal_is_the_error() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let topics = vec![Numbers("/a"), Numbers("/b")];
    let (available, _server) = tokio::join!(connection.subscribe_available(topics), async {
        let (mut server, _) = rig.accept().await;
        server.hear().await;
        server.hear().await;
        server.say("refuse 1 topic /a is not found").await;
        server.say("refuse 2 topic /b is not found").await;
        server
    });
    let error = available.unwrap_err();
    assert!(
        matches!(&error, SubscribeError::Refused { topic, .. } if topic == "/b"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_subscribe_leaves_nothing_subscribed() {
    let (rig, mut server, _kept) = Rig::live("/a").await;
    {
        let subscribe = rig.connection.subscribe(Numbers("/b"));
        tokio::select! {
            biased;
            _ = subscribe => panic!("nobody acknowledged"),
            request = server.hear() => assert_eq!(request, "subscribe 2 /b"),
        }
    }
    breathe().await;
    server.say("ack 2").await;
    assert_eq!(server.hear().await, "unsubscribe 3 /b");
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_fail_the_subscription_after_one_token_request() {
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
    assert_eq!(rig.told(), ["Exception", "Close"]);
    let again = rig.connection.subscribe(Numbers("/a")).await.unwrap_err();
    assert!(matches!(again, SubscribeError::Closed(_)), "{again}");
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_the_server_is_answered() {
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
async fn nothing_is_dialled_before_something_is_wanted_and_wait_live_wants_it() {
    let mut rig = Rig::new();
    breathe().await;
    assert_eq!(rig.tokens.given(), 0);
    let connection = rig.connection.clone();
    let (live, (_server, token)): (_, (Server, String)) =
        tokio::join!(connection.wait_live(), rig.accept());
    live.unwrap();
    assert_eq!(token, "1");
}

#[tokio::test(start_paused = true)]
async fn what_still_comes_of_an_ended_subscription_is_not_of_the_new_one() {
    let (rig, mut server, first) = Rig::live("/a").await;
    drop(first);
    assert_eq!(server.hear().await, "unsubscribe 2 /a");
    let (again, server) = tokio::join!(rig.connection.subscribe(Numbers("/a")), async {
        breathe().await;
        server.push("/a", 5..6).await;
        server.say("ack 2").await;
        assert_eq!(server.hear().await, "subscribe 3 /a");
        // 6 and 7 happened while nothing was subscribed.
        server.say("ack 3").await;
        server
    });
    let mut again = again.unwrap();
    server.push("/a", 8..9).await;
    assert_eq!(next(&mut again).await, "8");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_acknowledged_may_still_push_and_that_is_not_of_the_new_one() {
    let (rig, mut server, first) = Rig::live("/a").await;
    drop(first);
    assert_eq!(server.hear().await, "unsubscribe 2 /a");
    server.say("ack 2").await;
    breathe().await;
    let (again, server) = tokio::join!(rig.connection.subscribe(Numbers("/a")), async {
        assert_eq!(server.hear().await, "subscribe 3 /a");
        // On its way since before the end; 6 and 7 happened while nothing was subscribed.
        server.push("/a", 5..6).await;
        server.say("ack 3").await;
        server
    });
    let mut again = again.unwrap();
    server.push("/a", 8..9).await;
    assert_eq!(next(&mut again).await, "8");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_nobody_acknowledged_may_still_push_and_that_is_not_of_the_new_one() {
    let (rig, mut server, first) = Rig::live("/a").await;
    drop(first);
    assert_eq!(server.hear().await, "unsubscribe 2 /a");
    assert_eq!(server.hear().await, "unsubscribe 2 /a");
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let (again, server) = tokio::join!(rig.connection.subscribe(Numbers("/a")), async {
        assert_eq!(server.hear().await, "subscribe 3 /a");
        server.push("/a", 5..6).await;
        server.say("ack 2").await;
        server.say("ack 3").await;
        server
    });
    let mut again = again.unwrap();
    server.push("/a", 8..9).await;
    assert_eq!(next(&mut again).await, "8");
}

#[tokio::test(start_paused = true)]
async fn start_without_a_network_fails_with_the_last_cause() {
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
        () = refuse => unreachable!("it refuses for ever"),
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
async fn exchange_that_does_not_answer_is_named_by_the_stage() {
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
        () = silent => unreachable!("it is silent for ever"),
    };
    assert!(
        failed.to_string().contains("no connection within"),
        "{failed}"
    );
}

#[tokio::test(start_paused = true)]
async fn topic_refused_for_now_fails_after_the_deadline() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let subscribing = connection.subscribe(Numbers("/a"));
    let refuse = async {
        let (mut server, _) = rig.accept().await;
        loop {
            let frame = server.hear().await;
            let mut words = frame.split(' ');
            match (words.next().unwrap(), words.next().unwrap()) {
                ("subscribe", id) => server.say(&format!("postpone {id} system error")).await,
                _ => server.say("pong").await,
            }
        }
    };
    let failed = tokio::select! {
        failed = subscribing => failed.unwrap_err(),
        () = refuse => unreachable!("it refuses for ever"),
    };
    let SubscribeError::Refused { code, message, .. } = failed else {
        panic!("{failed:?}");
    };
    assert_eq!((code, message.as_str()), (Some(500), "system error"));
}

#[tokio::test(start_paused = true)]
async fn known_refusal_for_now_holds_up_no_new_subscription() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let both = || vec![Numbers("/a"), Numbers("/b")];
    let (first, _server) = tokio::join!(connection.subscribe_available(both()), async {
        let (mut server, _) = rig.accept().await;
        assert_eq!(server.hear().await, "subscribe 1 /a");
        server.acknowledge(1).await;
        server.say("postpone 1 system error").await;
        server
    });
    let _first = first.unwrap();
    let began = tokio::time::Instant::now();
    let (mut second, _) = connection.subscribe_available(both()).await.unwrap();
    assert!(began.elapsed() < std::time::Duration::from_millis(100));
    let gap = second.next().await.unwrap().unwrap_err();
    assert_eq!(gap_words(&gap), "/a refused for now: system error");
}

#[tokio::test(start_paused = true)]
async fn wait_for_the_pace_does_not_count_for_the_deadline() {
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
                let frame = server.hear().await;
                let mut words = frame.split(' ');
                let (kind, id) = (words.next().unwrap(), words.next().unwrap());
                // As late as the pong of a busy server.
                tokio::time::sleep(std::time::Duration::from_millis(9)).await;
                match kind {
                    "ping" => server.say("pong").await,
                    _ => {
                        acknowledged += 1;
                        server.say(&format!("ack {id}")).await;
                    }
                }
            }
            server
        }
    );
    all.unwrap();
    live.unwrap();
}
