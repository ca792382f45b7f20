//! The command line of the validator and the policy: `run --check`, `--origin`, `--yes`, `policy`.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::cli::companion;

fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    companion()
        .arg("--config-dir")
        .arg(folder)
        .args(arguments)
        .output()
        .expect("the binary starts")
}

/// Exit code, stdout, stderr.
fn told(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = run_in(folder, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().expect("it ended by itself"),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_check_tells_and_runs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let (code, out, err) = told(
        here,
        &["run", "--check", "-c", "print('ran')\nimport socket"],
    );
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(
        out,
        "<string>:2:8: medium py-network: socket: speaks to the network; the jail has none unless \
         it was granted\nit would run\n"
    );
    let (code, out, _) = told(here, &["run", "--check", "-c", "print('ran')"]);
    assert_eq!((code, out.as_str()), (0, "it would run\n"));

    let file = here.join("a.js");
    fs::write(&file, "// é\nx.__proto__.y = eval(z)\n").expect("written");
    let path = file.to_str().expect("UTF-8");
    let (code, out, _) = told(here, &["run", "--check", "--json", "--origin", "web", path]);
    assert_eq!(code, 1);
    let value: Value = serde_json::from_str(&out).expect("JSON");
    let rules: Vec<_> = value["findings"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|finding| (finding["rule"].as_str(), finding["line"].as_u64()))
        .collect();
    assert_eq!(
        rules,
        [(Some("js-prototype"), Some(2)), (Some("js-exec"), Some(2))]
    );
    assert!(value["verdict"]["ask"]["text"].is_string(), "{value}");

    let secret = "key = 'ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f'";
    let (code, out, _) = told(here, &["run", "--check", "-c", secret]);
    assert_eq!(code, 1);
    assert!(out.contains("secret") && !out.contains("aB3dE5"), "{out}");
}

#[test]
fn the_user_is_warned_and_others_are_refused_without_an_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let code_text = "import socket as s\nprint('ran')";
    let (code, out, err) = told(here, &["run", "-c", code_text]);
    assert_eq!((code, out.as_str()), (0, "ran\n"), "{err}");
    assert!(err.starts_with("companion: warning: <string>:1:"), "{err}");

    let (code, out, err) = told(here, &["run", "--origin", "model", "-c", code_text]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("refused") && err.contains("--yes"), "{err}");

    let (code, out, _) = told(
        here,
        &["run", "--origin", "model", "--yes", "-c", code_text],
    );
    assert_eq!((code, out.as_str()), (0, "ran\n"));

    let (code, out, _) = told(here, &["run", "--origin", "model", "-c", "print('ran')"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "ran\n"),
        "nothing was found in it"
    );

    let (code, out, _) = told(here, &["run", "--json", "--origin", "web", "-c", code_text]);
    assert_eq!(code, 3);
    let value: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(value["status"], "refused");
    assert_eq!(value["findings"][0]["rule"], "py-network");
}

#[test]
fn what_the_policy_denies_does_not_run_whatever_the_flags() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    fs::write(
        here.join("policy.toml"),
        "[severity.user]\nmedium = 'deny'\n[[finding]]\nid = 'py-exec'\nrule = 'allow'\n",
    )
    .expect("written");
    let (code, out, err) = told(here, &["run", "--yes", "-c", "import socket"]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("policy.toml denies it"), "{err}");
    let (code, out, err) = told(here, &["run", "-c", "print(eval(repr(1)))"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "1\n", ""));
}

#[test]
fn a_policy_is_shown_tried_and_tested() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let (code, out, _) = told(here, &["policy", "test"]);
    assert_eq!(code, 0);
    assert!(out.ends_with(" passed, 0 failed\n"), "{out}");

    fs::write(
        here.join("policy.toml"),
        "[[shell]]\nrule = \"deny\"\ncommand = \"git push --force*\"\nreason = \"it loses commits\"\n\
         tests = { deny = [\"git push --force origin main\"], allow = [\"git push\"] }\n",
    )
    .expect("written");
    let (code, out, _) = told(here, &["policy", "test"]);
    assert_eq!(code, 0, "{out}");
    let (code, out, _) = told(here, &["policy", "show"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("policy.toml rule 1: deny \"git push --force*\""),
        "{out}"
    );
    assert!(out.contains("built-in: ask \"sudo\""), "{out}");
    let (code, out, _) = told(here, &["policy", "check", "ls; env git push --force"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("policy.toml rule 1: deny \"git push --force*\""),
        "{out}"
    );
    let (code, out, _) = told(here, &["policy", "check", "--origin", "model", "ls"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("ask    ls"), "{out}");

    let file = here.join("policy.toml");
    let mut text = fs::read_to_string(&file).expect("there");
    text.push_str("[[shell]]\nrule = 'ask'\ncommand = 'npm'\ntests = { allow = ['npm x'] }\n");
    fs::write(&file, &text).expect("written");
    let (code, out, _) = told(here, &["policy", "test"]);
    assert_eq!(code, 1);
    assert!(
        out.starts_with(
            "FAILED policy.toml rule 2: ask \"npm\": \"npm x\" should be allow, and is ask"
        ),
        "{out}"
    );

    fs::write(&file, "[[shell]]\nrule = 'perhaps'\n").expect("written");
    let (code, _, err) = told(here, &["policy", "show"]);
    assert_eq!(code, 2);
    assert!(err.contains("policy.toml:2:"), "{err}");
    let (code, out, _) = told(here, &["run", "-c", "print(1)"]);
    assert_eq!(
        (code, out.as_str()),
        (2, ""),
        "a policy that can't be read is not left out"
    );
}

#[test]
fn doctor_tells_of_the_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, out, _) = told(folder.path(), &["doctor"]);
    assert!(out.contains("policy.toml"), "{out}");
}
