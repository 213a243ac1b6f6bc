//! Knows how to read what libFuzzer says of a run: how often, why it ended, and on which input.

/// How often a target was called, by the end of its log.
pub(super) fn executions(log: &str) -> Option<u64> {
    let line = log
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line?.trim().parse().ok()
}

/// The file into which libFuzzer put the input that failed.
pub(super) fn input(log: &str) -> Option<&str> {
    log.lines()
        .find_map(|line| Some(line.split_once("Test unit written to ")?.1.trim()))
}

/// What a log says went wrong: the panic, or the sanitizer's words.
pub(super) fn reason(log: &str) -> String {
    let says = |line: &&str| line.contains("panicked at") || line.contains("ERROR: ");
    let lines = log.lines().skip_while(|line| !says(line)).take(3);
    // A panic quotes the input, which may be long.
    let lines = lines.map(|line| line.chars().take(600).collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_tells_how_often_why_and_on_which_input() {
        let log = "INFO: Seed: 1\n#2 INITED\nthread '<unnamed>' (1) panicked at src/json.rs:9:5:\nleft\nright\n==1== ERROR: libFuzzer: deadly signal\n\
                   artifact_prefix='a/'; Test unit written to a/crash-1f\nstat::number_of_executed_units: 384210\n";
        assert_eq!(executions(log), Some(384_210));
        assert_eq!(input(log), Some("a/crash-1f"));
        assert_eq!(
            reason(log),
            "thread '<unnamed>' (1) panicked at src/json.rs:9:5:\nleft\nright"
        );
        assert_eq!((executions(""), input("")), (None, None));
    }
}
