//! Pictures from the shell, with the model that comes along: files, exit codes, JSON.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::home::Home;

#[test]
fn a_seed_makes_the_same_picture_and_the_file_tells_how() {
    let home = Home::new();
    let arguments = [
        "imagine", "a", "red", "apple", "--seed", "1", "--steps", "4",
    ];
    let output = home.run(&arguments, 0);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.starts_with("a-red-apple-1.png: 64×64, "), "{told}");
    assert!(told.contains("seed 1"), "{told}");
    // Nothing is written over.
    let told = home.run(&arguments, 0).stdout;
    assert!(String::from_utf8_lossy(&told).starts_with("a-red-apple-1-2.png"));
    let pixels = |name: &str| image::open(home.path(name)).expect("a picture").to_rgb8();
    assert_eq!(pixels("a-red-apple-1.png"), pixels("a-red-apple-1-2.png"));
    let info = home.run(&["show", "--info", "a-red-apple-1.png"], 0).stdout;
    let info = String::from_utf8_lossy(&info).into_owned();
    for word in ["a red apple", "dpmpp_2m", "icons-64", "64"] {
        assert!(info.contains(word), "{word}: {info}");
    }
}

#[test]
fn json_tells_everything_and_several_pictures_have_seeds_that_follow() {
    let home = Home::new();
    let arguments = [
        "imagine",
        "an icon of a rocket",
        "--count",
        "2",
        "--seed",
        "7",
        "--steps",
        "2",
        "-o",
        "rocket.png",
        "--json",
    ];
    let told = home.json(&arguments, 0);
    assert_eq!(told["status"], "ok");
    assert_eq!(told["images"][1]["seed"], 8);
    assert_eq!(told["images"][1]["path"], "rocket-2.png");
    assert_eq!(
        told["images"][0]["generation"]["request"]["scheduler"],
        "dpmpp_2m"
    );
    let hash = told["images"][0]["generation"]["model_hash"].as_str();
    assert_eq!(hash.map(str::len), Some(64));
    assert!(home.path("rocket-1.png").is_file() && home.path("rocket-2.png").is_file());
}

#[test]
fn what_the_model_cannot_do_is_refused_with_what_it_can() {
    let home = Home::new();
    for (arguments, code, said) in [
        (&["imagine", "x", "--size", "70x64"][..], 2, "72x64"),
        (&["imagine", "x", "--steps", "0"], 2, "1..=1000"),
        (
            &["imagine", "x", "--model", "nothing"],
            2,
            "companion models list",
        ),
        (&["imagine", "x", "--style", "nothing"], 2, "watercolor"),
        (&["imagine", "x", "--mask", "nothing.png"], 2, "nothing.png"),
        (&["imagine", "x", "--scheduler", "magic"], 2, "dpmpp_2m_sde"),
        (&["imagine"], 2, "PROMPT"),
        (
            &["imagine", "x", "--steps", "1", "-o", "no/where.png"],
            2,
            "no/where.png",
        ),
    ] {
        let output = home.run(arguments, code);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(err.contains(said), "{arguments:?}: {err}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    let left = fs::read_dir(home.folder()).expect("readable").flatten();
    let pictures = left.filter(|entry| entry.path().extension().is_some_and(|it| it == "png"));
    assert_eq!(pictures.count(), 0, "no file is left of what failed");
}

#[test]
fn an_interrupt_ends_at_the_next_step_and_leaves_nothing() {
    let home = Home::new();
    let mut command = home.command(&["imagine", "x", "--steps", "900", "--json"]);
    let child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    std::thread::sleep(Duration::from_secs(3));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    let told = Instant::now();
    let output = child.wait_with_output().expect("it ends");
    assert!(told.elapsed() < Duration::from_secs(10));
    assert_eq!(output.status.code(), Some(130));
    let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(object["status"], "interrupted");
    assert!(!home.path("x.png").exists());
}
