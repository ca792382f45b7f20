//! Reading: parts of files, and what is no text.

use super::*;

#[test]
fn parts_of_files_are_read_and_told() {
    let project = Project::new();
    let read = project.read("a.txt").expect("read");
    assert_eq!(read.lines, (1, 2, Some(2)));
    assert!(read.is_whole && !read.is_lossy);
    let lines: Vec<String> = (1..=100).map(|number| format!("line {number}\n")).collect();
    let lines = lines.concat();
    project.put("long", &lines);
    let read = project.read_part("long", 10, 2, 1000).expect("read");
    assert_eq!(
        (read.text.as_str(), read.lines, read.is_whole),
        ("line 11\nline 12\n", (11, 12, Some(100)), false)
    );
    let read = project.read_part("long", 0, 100, 18).expect("read");
    assert_eq!(
        (read.text.as_str(), read.lines),
        ("line 1\nline 2\n", (1, 2, Some(100)))
    );
    let read = project.read_part("long", 100, 5, 18).expect("read");
    assert_eq!(
        (read.text.as_str(), read.lines),
        ("", (101, 100, Some(100)))
    );
    let read = project.read_part("long", u64::MAX, u64::MAX, usize::MAX);
    assert_eq!(read.expect("read").text, "");
    let read = project.read_part("long", 98, 5, 100).expect("read");
    assert_eq!(read.lines, (99, 100, Some(100)));

    project.put("empty", "");
    let read = project.read("empty").expect("read");
    assert_eq!(
        (read.lines, read.is_whole, read.line_ending.as_str()),
        ((1, 0, Some(0)), true, "None")
    );
    project.put("no-newline", "a\r\nb");
    let read = project.read("no-newline").expect("read");
    assert_eq!(
        (read.text.as_str(), read.lines, read.line_ending.as_str()),
        ("a\r\nb", (1, 2, Some(2)), "Crlf")
    );
    project.put("mixed", "a\r\nb\n");
    assert_eq!(project.read("mixed").expect("read").line_ending, "Mixed");
    project.put("latin", b"caf\xe9\n");
    let read = project.read("latin").expect("read");
    assert_eq!((read.text.as_str(), read.is_lossy), ("caf\u{fffd}\n", true));
    project.put("wide", "é".repeat(1000));
    let read = project.read_part("wide", 0, 1, 101).expect("read");
    assert_eq!(
        (read.text, read.is_lossy, read.is_whole),
        ("é".repeat(50), false, false)
    );
    project.put("Ünï/名前 🦀.txt", "crab\n");
    assert_eq!(
        project.read("Ünï/名前 🦀.txt").expect("read").text,
        "crab\n"
    );
}

#[test]
fn what_is_no_text_is_told_by_kind_and_hash() {
    let project = Project::new();
    project.put("binary", b"\0\x01\x02");
    let hash = "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc";
    assert_eq!(
        project.read("binary").expect("read").text,
        format!("application/octet-stream {hash}")
    );
    project.put("p.png", b"\x89PNG\r\n\x1a\n\0\0");
    let text = project.read("p.png").expect("read").text;
    assert!(text.starts_with("image/png "), "{text}");
}

#[test]
fn big_files_are_read_in_parts_and_can_be_given_up() {
    let project = Project::new();
    let file = fs::File::create(project.at("data/big")).expect("a file");
    file.set_len(8 << 30).expect("a sparse file");
    let from = project.at("data");
    let request = ReadRequest {
        from: &from,
        path: "big",
        offset_lines: 0,
        max_lines: 10,
        max_bytes: 1000,
    };
    let looks = AtomicUsize::new(0);
    let soon = || looks.fetch_add(1, Ordering::AcqRel) > 20;
    let error = read(&project.folders, &request, &soon).expect_err("given up");
    assert!(matches!(error, FilesError::Cancelled));
    let line = "a line of some length to be repeated\n";
    project.put("lines", line.repeat(2_000_000));
    let read = project.read_part("lines", 10, 2, 1000).expect("read");
    assert_eq!(read.lines, (11, 12, None), "too long to be counted");
    let searched = project.search("some", |_| {}).expect("searched");
    assert_eq!((searched.large_files, found(&searched).len()), (2, 0));
    assert!(matches!(
        project.write("lines", "x").expect_err("too big to be seen"),
        FilesError::TooBig { .. }
    ));
}
