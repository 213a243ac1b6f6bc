//! Reads the log of a libFuzzer run: number of executions, failure and failed input.

/// Returns the number of executions; `None` if the log does not have it.
pub(super) fn executions(log: &str) -> Option<u64> {
    let line = log
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line?.trim().parse().ok()
}

/// Returns the path of the failed input; `None` if the log does not have it.
pub(super) fn input(log: &str) -> Option<&str> {
    log.lines()
        .find_map(|line| Some(line.split_once("Test unit written to ")?.1.trim()))
}

/// Returns the message of the panic or the sanitizer.
pub(super) fn reason(log: &str) -> String {
    let says = |line: &&str| line.contains("panicked at") || line.contains("ERROR: ");
    let lines = log.lines().skip_while(|line| !says(line)).take(3);
    // A panic message may contain a long input.
    let lines = lines.map(|line| line.chars().take(600).collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_failure_and_input_are_found() {
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
