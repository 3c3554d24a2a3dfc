//! What is taken, and how it looks unpacked.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use testat::course::Language;
use testat::intake::Trouble;
use testat::intake::archive::{ArchiveLimits, Kind, Sort, unpack};

use super::build::{Tar, Zipped, gzip, pax, zip};
use super::{inspected, upload};

#[test]
fn one_enclosing_folder_and_a_macs_extras_are_looked_through() {
    let bytes = zip(&[
        Zipped::folder("my project/"),
        Zipped::file("my project/solution.py", b"x = 1\n"),
        Zipped::file("my project/.DS_Store", b"mac"),
        Zipped::file("my project/lib/__pycache__/a.pyc", b"cache"),
        Zipped::file("my project/lib/a.py", b""),
        Zipped::file("__MACOSX/my project/._solution.py", b"mac"),
    ]);
    let manifest = inspected(&bytes, "my project.zip").unwrap();
    assert_eq!((manifest.kind, manifest.language), (Kind::Zip, Language::Python));
    assert_eq!(manifest.enclosing.as_deref(), Some("my project"));
    let paths: Vec<_> = manifest.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["solution.py", "lib/a.py"]);
    assert_eq!(manifest.left_out, [".DS_Store", "__MACOSX", "__pycache__"]);
    assert_eq!(manifest.bytes, 6);

    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("into");
    unpack(&upload(&bytes), &ArchiveLimits::default(), &into).unwrap();
    assert_eq!(std::fs::read(into.join("solution.py")).unwrap(), b"x = 1\n");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&into), 0o755);
    assert_eq!(mode(&into.join("lib")), 0o755);
    assert_eq!(mode(&into.join("lib/a.py")), 0o644);
    assert!(!into.join("lib/__pycache__").exists());
}

#[test]
fn what_cargo_built_is_left_out_but_a_module_called_target_is_not() {
    let tar = Tar::default()
        .file("Cargo.toml", b"")
        .file("src/target/mod.rs", b"")
        .entry(b'1', b"target/debug/a", b"")
        .entry(b'2', b".venv/bin/python", b"")
        .end();
    let manifest = inspected(&tar, "a.tar").unwrap();
    assert_eq!((manifest.kind, manifest.language), (Kind::Tar, Language::Rust));
    assert_eq!(manifest.left_out, [".venv", "target"]);
    let paths: Vec<_> = manifest.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["Cargo.toml", "src/target/mod.rs"]);
}

#[test]
fn a_solution_alone_is_an_archive_of_one_file() {
    let manifest = inspected("# ü\n".as_bytes(), "solution.py").unwrap();
    assert_eq!((manifest.kind, manifest.language), (Kind::Python, Language::Python));
    assert_eq!(manifest.entries[0].sort, Sort::File(5));
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("into");
    unpack(&upload("# ü\n".as_bytes()), &ArchiveLimits::default(), &into).unwrap();
    assert_eq!(std::fs::read(into.join("solution.py")).unwrap(), "# ü\n".as_bytes());
}

#[test]
fn contents_decide_where_the_name_says_something_else() {
    let tar = Tar::default().file("./solution.py", b"").end();
    assert_eq!(inspected(&gzip(&tar), "a.zip").unwrap().kind, Kind::TarGz);
    assert_eq!(inspected(&tar, "solution.py").unwrap().kind, Kind::Tar);
}

#[test]
fn long_names_come_by_pax_and_by_gnu() {
    let long = format!("{}/{}.py", "a".repeat(150), "b".repeat(150));
    let tar = Tar::default()
        .entry(b'g', b"pax_global_header", &pax("comment", "a commit"))
        .entry(b'x', b"x", &[pax("path", &long), pax("mtime", "1.5")].concat())
        .file("cut", b"1")
        .entry(b'L', b"././@LongLink", format!("{}\0", long.replace('a', "c")).as_bytes())
        .file("cut", b"2")
        .file("solution.py", b"")
        .end();
    let manifest = inspected(&tar, "a.tar").unwrap();
    assert_eq!(manifest.entries[0].path, long);
    assert_eq!(manifest.entries[1].path, long.replace('a', "c"));
}

/// What the programs that students have write, where this machine has them.
#[test]
fn archives_of_ordinary_programs_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("my solution");
    std::fs::create_dir_all(tree.join("päckchen/empty")).unwrap();
    std::fs::write(tree.join("solution.py"), "x = 1\n").unwrap();
    std::fs::write(tree.join("päckchen/größe.py"), vec![b'#'; 100_000]).unwrap();
    let stream = "import sys,os,zipfile\nclass Out:\n def write(s,b):\n  return sys.stdout.buffer\
                  .write(b)\n def flush(s):\n  sys.stdout.flush()\nz=zipfile.ZipFile(Out(),'w',\
                  zipfile.ZIP_DEFLATED)\nfor d,_,fs in os.walk('my solution'):\n for f in fs:\n  \
                  z.write(os.path.join(d,f))\nz.close()";
    let ways: [(&str, &[&str]); 8] = [
        ("tar", &["-cf", "-", "my solution"]),
        ("tar", &["-czf", "-", "-C", "my solution", "."]),
        ("tar", &["-cf", "-", "--format=pax", "my solution"]),
        ("tar", &["-cf", "-", "--format=v7", "my solution"]),
        ("zip", &["-qr", "-", "my solution"]),
        ("zip", &["-qr0", "-", "my solution"]),
        ("bsdtar", &["-cf", "-", "--format=zip", "my solution"]),
        ("python3", &["-c", stream]),
    ];
    let mut tried = 0;
    for (nth, (program, arguments)) in ways.into_iter().enumerate() {
        let run = Command::new(program).args(arguments).current_dir(folder.path()).output();
        let Ok(output) = run else { continue };
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        let into = folder.path().join(nth.to_string());
        let file = upload(&output.stdout);
        let manifest = unpack(&file, &ArchiveLimits::default(), &into)
            .unwrap_or_else(|error| panic!("{program} {arguments:?}: {error}"));
        assert_eq!(inspected(&output.stdout, "a.zip").unwrap(), manifest);
        assert_eq!(std::fs::read(into.join("solution.py")).unwrap(), b"x = 1\n");
        assert_eq!(std::fs::read(into.join("päckchen/größe.py")).unwrap().len(), 100_000);
        tried += 1;
    }
    assert!(tried >= 4, "tar at least must be there");
}

#[test]
fn an_existing_folder_or_a_link_in_its_place_is_our_fault_not_the_students() {
    let folder = tempfile::tempdir().unwrap();
    let (there, link) = (folder.path().join("there"), folder.path().join("link"));
    std::fs::create_dir(&there).unwrap();
    std::os::unix::fs::symlink(&there, &link).unwrap();
    for into in [&there, &link] {
        let error = unpack(&upload(b"x = 1\n"), &ArchiveLimits::default(), into).unwrap_err();
        assert!(matches!(error, Trouble::Fault(_)), "{error}");
    }
    assert_eq!(std::fs::read_dir(&there).unwrap().count(), 0);
}
