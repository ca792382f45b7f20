//! Listing and searching.

use super::ways_out::with_ways_out;
use super::*;

#[test]
fn folders_are_listed_in_order_and_gitignore_is_minded() {
    let project = with_ways_out();
    for name in [
        ".hidden/x",
        ".git/config",
        "target/debug/big.o",
        "src/main.rs",
        "src/deep/er/mod.rs",
        "src/notes.log",
        "src/keep.log",
        "ünï/名.rs",
    ] {
        project.put(name, "x");
    }
    project.put(".gitignore", "/target\n*.log\n!keep.log\n");
    project.put("src/.gitignore", "deep/er/\n");
    let links = [
        "in",
        "in-absolute",
        "in-folder",
        "loop",
        "new-out",
        "out",
        "out-folder",
        "out-relative",
        "proc",
    ];
    let listed = project.list(|_| {});
    let plain: Vec<_> = listed
        .iter()
        .filter(|path| !links.contains(&path.as_str()) && *path != "up")
        .collect();
    assert_eq!(
        plain,
        [
            "a.txt",
            "src",
            "src/deep",
            "src/keep.log",
            "src/main.rs",
            "sub",
            "sub/b.txt",
            "ünï",
            "ünï/名.rs"
        ]
    );
    let rust = project.list(|request| {
        request.pattern = Some("*.rs");
        request.ignored = true;
    });
    assert_eq!(rust, ["src/deep/er/mod.rs", "src/main.rs", "ünï/名.rs"]);
    let rust = project.list(|request| request.pattern = Some("src/*.rs"));
    assert_eq!(rust, ["src/main.rs"]);
    let below = project.list(|request| request.path = "./src/");
    assert_eq!(below, ["src/deep", "src/keep.log", "src/main.rs"]);
    let ignored = project.list(|request| request.path = "target");
    assert_eq!(ignored, ["target/debug", "target/debug/big.o"]);
    let hidden = project.list(|request| {
        request.hidden = true;
        request.pattern = Some(".*");
    });
    assert_eq!(hidden, [".git", ".gitignore", ".hidden", "src/.gitignore"]);
    let shallow = project.list(|request| {
        request.max_depth = 1;
        request.pattern = Some("s*");
    });
    assert_eq!(shallow, ["src", "sub"]);
    let from = project.at("data");
    let request = ListRequest {
        from: &from,
        path: ".",
        pattern: None,
        max_depth: 64,
        max_entries: 3,
        hidden: false,
        ignored: false,
    };
    let listing = list(&project.folders, &request, &never).expect("listed");
    assert_eq!((listing.entries.len(), listing.is_whole), (3, false));
    let link = listing.entries.iter().find(|entry| entry.path == "in");
    let link = link.expect("it is listed");
    assert_eq!(
        (link.kind, link.target.as_deref()),
        (Kind::Link, Some("a.txt"))
    );
    for outside in ["..", "/", "/proc", "out-folder", "up"] {
        let request = ListRequest {
            path: outside,
            ..request
        };
        assert!(
            list(&project.folders, &request, &never).is_err(),
            "{outside}"
        );
    }
    for pattern in ["[", "{a", &"x".repeat(2000)] {
        let request = ListRequest {
            path: ".",
            pattern: Some(pattern),
            ..request
        };
        let error = list(&project.folders, &request, &never).expect_err(pattern);
        assert!(matches!(error, FilesError::Pattern { .. }), "{error}");
    }
}

#[test]
fn lines_are_found_with_their_numbers() {
    let project = with_ways_out();
    project.put("src/one.rs", "fn one() {}\r\n// two\r\nfn two() {}\r\n");
    project.put("src/two.txt", "fn three\n");
    project.put("latin", b"caf\xe9 fn\n");
    project.put("binary", b"fn\0fn\n");
    let searched = project
        .search("^fn (one|two).*\\}$", |_| {})
        .expect("searched");
    assert_eq!(
        found(&searched),
        [
            ("src/one.rs", 1, "fn one() {}"),
            ("src/one.rs", 3, "fn two() {}")
        ]
    );
    assert_eq!(searched.binary_files, 1);
    let searched = project.search("FN", |request| {
        request.ignores_case = true;
        request.glob = Some("*.{txt,md}");
    });
    assert_eq!(
        found(&searched.expect("searched")),
        [("src/two.txt", 1, "fn three")]
    );
    let searched = project.search("caf", |_| {}).expect("searched");
    assert_eq!(found(&searched), [("latin", 1, "caf\u{fffd} fn")]);
    let searched = project.search("two$", |request| {
        request.context_lines = 5;
        request.path = "src/one.rs";
    });
    let searched = searched.expect("searched");
    let one = searched.matches.first().expect("it is found");
    assert_eq!(
        (one.before.as_slice(), one.after.as_slice()),
        (
            &["fn one() {}".to_owned()][..],
            &["fn two() {}".to_owned()][..]
        )
    );
    let searched = project.search("fn", |request| request.max_matches = 2);
    let searched = searched.expect("searched");
    assert_eq!(
        (searched.matches.len(), searched.stopped_by),
        (2, Some("matches"))
    );
    let searched = project.search("secret", |_| {}).expect("searched");
    assert_eq!(found(&searched), [], "no link is followed");
    for pattern in ["(", "(?=x)", r"(x)\1", "((((x{100}){100}){100}){100})"] {
        let error = project.search(pattern, |_| {}).expect_err(pattern);
        assert!(matches!(error, FilesError::Pattern { .. }), "{error}");
    }
}

#[test]
fn a_search_has_an_end() {
    let project = Project::new();
    project.put("slow", "a".repeat(4 << 20));
    let started = std::time::Instant::now();
    let searched = project
        .search("(a*)*q|(a|aa)+$x", |_| {})
        .expect("searched");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(found(&searched), []);
    project.put(
        "long-line",
        format!("{}needle{}", "é".repeat(1000), "x".repeat(5000)),
    );
    let searched = project.search("needle", |_| {}).expect("searched");
    let text = &searched.matches.first().expect("found").text;
    assert!(text.contains("needle") && text.len() < 600, "{text}");
    for number in 0..200 {
        project.put(&format!("many/{number}"), "x\n".repeat(1000));
    }
    let searched = project.search("nothing", |request| request.max_time = Duration::ZERO);
    assert_eq!(searched.expect("searched").stopped_by, Some("time"));
    let from = project.at("data");
    let request = SearchRequest {
        from: &from,
        path: ".",
        pattern: "x",
        ignores_case: false,
        glob: None,
        context_lines: 0,
        max_matches: 100,
        hidden: false,
        ignored: false,
        max_time: Duration::from_secs(20),
    };
    let error = search(&project.folders, &request, &|| true).expect_err("cancelled");
    assert!(matches!(error, FilesError::Cancelled));
}
