//! What is refused, and in which words.

use insta::assert_snapshot;
use testat::intake::archive::ArchiveLimits;

use super::build::{Tar, Zipped, checksum, gzip, pax, tar_header, zip};
use super::{inspected, refused, refused_under};

/// A tar with a solution and this entry, as both formats where zip can say it.
fn with(kind: u8, name: &[u8]) -> Vec<u8> {
    let tar = Tar::default().file("solution.py", b"");
    let tar = if name.len() > 100 { tar.entry(b'L', b"long", name) } else { tar };
    tar.entry(kind, name, b"").end()
}

fn zip_with(entry: Zipped) -> Vec<u8> {
    zip(&[Zipped::file("solution.py", b""), entry])
}

/// The same refusal from a tar, a tar.gz and a zip.
fn name_refused(name: &[u8]) -> String {
    let tar = with(b'0', name);
    let why = refused(&tar, "a.tar");
    assert_eq!(refused(&gzip(&tar), "a.tgz"), why);
    let entry = Zipped { name: name.to_vec(), ..Zipped::file("", b"") };
    assert_eq!(refused(&zip_with(entry), "a.zip"), why);
    why
}

#[test]
fn names_that_lead_out_are_refused() {
    assert_snapshot!(name_refused(b"/etc/passwd"), @"'/etc/passwd' can't be unpacked: its name starts with '/' or a drive letter. Pack the folder, not its full path.");
    assert_snapshot!(name_refused(b"../evil.py"), @"'../evil.py' can't be unpacked: its name holds '..'. Pack from inside the folder.");
    assert_snapshot!(name_refused(b"a/../../evil.py"), @"'a/../../evil.py' can't be unpacked: its name holds '..'. Pack from inside the folder.");
    assert_snapshot!(name_refused(b"a\\..\\evil.py"), @r#"'a\..\evil.py' can't be unpacked: its name holds a backslash. Pack it with another program, for example Windows' own."#);
    assert_snapshot!(name_refused(b"C:/evil.py"), @"'C:/evil.py' can't be unpacked: its name starts with '/' or a drive letter. Pack the folder, not its full path.");
}

#[test]
fn names_that_mislead_are_refused() {
    assert_snapshot!(name_refused(b"a//b.py"), @"'a//b.py' can't be unpacked: a part of its name is empty. Pack it again.");
    assert_snapshot!(name_refused(b"a/./b.py"), @"'a/./b.py' can't be unpacked: its name holds '.' as a folder. Pack it again.");
    assert_snapshot!(name_refused(b"a\nb.py"), @r#"'a\u{a}b.py' can't be unpacked: its name holds a character that can't be seen. Rename it."#);
    assert_snapshot!(name_refused("a\u{202e}yp.b".as_bytes()), @r#"'a\u{202e}yp.b' can't be unpacked: its name holds a character that can't be seen. Rename it."#);
    assert_snapshot!(name_refused(b"a\xffb.py"), @"'a�b.py' can't be unpacked: its name is not UTF-8. Rename it, or pack with a newer program.");
    let nul = Zipped { name: b"a\0b.py".to_vec(), ..Zipped::file("", b"") };
    assert_snapshot!(refused(&zip_with(nul), "a.zip"), @r#"'a\u{0}b.py' can't be unpacked: its name holds a character that can't be seen. Rename it."#);
    assert_snapshot!(refused(&with(b'0', b"a/"), "a.tar"), @"'a/' can't be unpacked: a part of its name is empty. Pack it again.");
}

#[test]
fn names_that_meet_are_refused() {
    assert_snapshot!(name_refused(b"solution.py"), @"'solution.py' is in the archive twice. Pack it again from one folder.");
    assert_snapshot!(name_refused(b"Solution.PY"), @"'Solution.PY' and 'solution.py' differ only in upper and lower case or in how accents are written; many computers can't keep both. Rename one.");
    assert_snapshot!(name_refused(b"solution.py/a"), @"'solution.py' is in the archive both as a file and as a folder. Rename one.");
    let composed = Tar::default()
        .file("solution.py", b"")
        .file("u\u{308}ber/a", b"")
        .file("\u{fc}BER/b", b"")
        .end();
    assert_snapshot!(refused(&composed, "a.tar"), @"'üBER' and 'über' differ only in upper and lower case or in how accents are written; many computers can't keep both. Rename one.");
    let folder_last = Tar::default().file("solution.py", b"").file("a/b", b"").file("a", b"");
    assert_snapshot!(refused(&folder_last.end(), "a.tar"), @"'a' is in the archive both as a file and as a folder. Rename one.");
}

#[test]
fn only_files_and_folders_are_taken() {
    assert_snapshot!(refused(&with(b'2', b"link"), "a.tar"), @"'link' is a symbolic link. Replace it by the file it points to.");
    assert_snapshot!(refused(&with(b'1', b"hard"), "a.tar"), @"'hard' is a hard link. Replace it by a copy, for example with tar --hard-dereference.");
    assert_snapshot!(refused(&with(b'3', b"tty"), "a.tar"), @"'tty' is a device, not a file. Leave it out.");
    assert_snapshot!(refused(&with(b'6', b"pipe"), "a.tar"), @"'pipe' is a pipe or a socket, not a file. Leave it out.");
    assert_snapshot!(refused(&with(b'S', b"holes"), "a.tar"), @"'holes' is stored as a sparse file. Pack without --sparse.");
    assert_snapshot!(refused(&with(b'V', b"volume"), "a.tar"), @"'volume' is neither a file nor a folder. Leave it out.");
    let mode = |mode| Zipped { mode, ..Zipped::file("thing", b"solution.py") };
    assert_snapshot!(refused(&zip_with(mode(0o120_777)), "a.zip"), @"'thing' is a symbolic link. Replace it by the file it points to.");
    assert_snapshot!(refused(&zip_with(mode(0o020_644)), "a.zip"), @"'thing' is a device, not a file. Leave it out.");
    assert_snapshot!(refused(&zip_with(mode(0o010_644)), "a.zip"), @"'thing' is a pipe or a socket, not a file. Leave it out.");
    assert_snapshot!(refused(&zip_with(mode(0o040_755)), "a.zip"), @"'thing' is described as a file and as a folder at once. Pack it again.");
}

#[test]
fn a_link_cannot_stand_for_a_folder_above_a_file() {
    let tar = Tar::default().entry(b'2', b"a", b"").file("a/solution.py", b"").end();
    assert_snapshot!(refused(&tar, "a.tar"), @"'a' is a symbolic link. Replace it by the file it points to.");
}

#[test]
fn zips_that_lie_are_refused() {
    let file = || Zipped::file("a.py", &[b'a'; 5000]);
    assert_snapshot!(refused(&zip_with(Zipped { flags: 1, ..file() }), "a.zip"), @"'a.py' is encrypted. Pack it without a password.");
    assert_snapshot!(refused(&zip_with(Zipped { method: 93, ..file() }), "a.zip"), @"'a.py' is compressed by a method that is not taken. Pack it as an ordinary .zip.");
    assert_snapshot!(refused(&zip_with(Zipped { size: 4999, ..file() }), "a.zip"), @"The archive is damaged after 'a.py': File is larger than its declared uncompressed size. Pack it again.");
    assert_snapshot!(refused(&zip_with(Zipped { size: 5001, ..file() }), "a.zip"), @"The archive is damaged after 'a.py': its size is wrong. Pack it again.");
    assert_snapshot!(refused(&zip_with(Zipped { crc: 1, ..file() }), "a.zip"), @"The archive is damaged after 'a.py': Invalid checksum. Pack it again.");
    let cloaked = Zipped { own_name: Some(b"b.py".to_vec()), ..file() };
    assert_snapshot!(refused(&zip_with(cloaked), "a.zip"), @"The archive is damaged after 'solution.py': invalid Zip archive: header inconsistency detected: Local file header filename mismatch (does not match central directory). Pack it again.");
    // Says that its size is in a 64-bit field, which says four exabytes.
    let mut extra = vec![1, 0, 8, 0];
    extra.extend((1_u64 << 62).to_le_bytes());
    let huge = Zipped { size: u32::MAX, extra, ..file() };
    assert_snapshot!(refused(&zip_with(huge), "a.zip"), @"The archive holds more than 200 MiB unpacked (reached at 'a.py'). Leave out data, builds and environments.");
    let mut before = b"PK\x03\x04garbage".to_vec();
    before.extend(zip(&[Zipped::file("solution.py", b"")]));
    assert_snapshot!(refused(&before, "a.zip"), @"The archive is damaged: invalid Zip archive: No CDFH found. Pack it again.");
}

#[test]
fn entries_that_share_bytes_are_refused() {
    let first = Zipped::file("a.py", &[b'a'; 5000]);
    // The second's own header lies inside the first's contents.
    let inner = zip(&[Zipped::file("solution.py", b"")]);
    let outer = Zipped { method: 0, packed: inner, ..Zipped::file("outer", b"") };
    let size = u32::try_from(outer.packed.len()).unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(&outer.packed);
    let outer = Zipped { size, crc: crc.sum(), ..outer };
    let inside = Zipped { at: Some(30 + 5), ..Zipped::file("solution.py", b"") };
    assert_snapshot!(refused(&zip(&[outer, inside, first]), "a.zip"), @"'outer' and 'solution.py' overlap inside the archive, as no ordinary program packs them. Pack it again.");
}

#[test]
fn bombs_are_stopped_by_counting() {
    let zeros = vec![0; 24 << 20];
    let bomb = Zipped::file("bomb", &zeros);
    assert_snapshot!(refused(&zip_with(bomb.clone()), "a.zip"), @"'bomb' unpacks to more than 200 times its packed size, as code does not. Leave it out.");
    // The directory says ten bytes.
    assert_snapshot!(refused(&zip_with(Zipped { size: 10, ..bomb }), "a.zip"), @"The archive is damaged after 'bomb': File is larger than its declared uncompressed size. Pack it again.");
    let tar = Tar::default().file("solution.py", b"").file("bomb", &zeros).end();
    assert_snapshot!(refused(&gzip(&tar), "a.tgz"), @"'bomb' unpacks to more than 200 times its packed size, as code does not. Leave it out.");
    let small = ArchiveLimits { unpacked: 1 << 20, ..ArchiveLimits::default() };
    let noise: Vec<u8> =
        (0..2_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let twice = zip(&[
        Zipped::file("solution.py", &noise[..700_000]),
        Zipped::file("b", &noise[..700_000]),
    ]);
    assert_snapshot!(refused_under(&small, &twice, "a.zip"), @"The archive holds more than 1 MiB unpacked (reached at 'b'). Leave out data, builds and environments.");
    let tar = Tar::default().file("solution.py", b"").file("b", &noise).end();
    assert_snapshot!(refused_under(&small, &gzip(&tar), "a.tgz"), @"The archive holds more than 1 MiB unpacked (reached at 'b'). Leave out data, builds and environments.");
}

#[test]
fn limits_are_kept() {
    let limits = ArchiveLimits { files: 3, entries: 6, depth: 2, ..ArchiveLimits::default() };
    let many = |count: usize, kind: u8| {
        let tar = Tar::default().file("solution.py", b"");
        (0..count).fold(tar, |tar, nth| tar.entry(kind, format!("{nth}").as_bytes(), b"")).end()
    };
    assert_snapshot!(refused_under(&limits, &many(3, b'0'), "a.tar"), @"The archive holds more than 3 files (reached at '2'). Leave some out.");
    assert_snapshot!(refused_under(&limits, &many(6, b'5'), "a.tar"), @"The archive holds more than 6 entries. Leave out .git, .venv, target and the like.");
    assert_snapshot!(refused_under(&limits, &with(b'0', b"a/b/c"), "a.tar"), @"'a/b/c' lies more than 2 folders deep. Use fewer folders.");
    assert_snapshot!(name_refused("n".repeat(201).as_bytes()).replace(&"n".repeat(150), "nnn"), @"'nnnnnnnnnnnnn…' can't be unpacked: its name is too long. Rename it.");
    let flat = ArchiveLimits { entries: 6, ..ArchiveLimits::default() };
    assert_snapshot!(refused_under(&flat, &with(b'0', b"a/b/c/d/e/f"), "a.tar"), @"The archive holds more than 6 entries. Leave out .git, .venv, target and the like.");
    let packed = ArchiveLimits { packed: 1000, ..ArchiveLimits::default() };
    assert_snapshot!(refused_under(&packed, &many(1, b'0'), "a.tar"), @"The upload is larger than 1000 bytes. Leave out data, builds and environments; the code alone is enough.");
}

#[test]
fn tars_that_disagree_with_themselves_are_refused() {
    let tar = |kind: u8, body: &[u8]| {
        Tar::default().entry(kind, b"x", body).file("solution.py", b"0123456789").end()
    };
    assert_snapshot!(refused(&tar(b'x', &pax("size", "5")), "a.tar"), @"The archive is damaged: two different sizes for one entry. Pack it again.");
    assert_snapshot!(refused(&tar(b'x', b"99 path=a\n"), "a.tar"), @"The archive is damaged: an extended header is malformed. Pack it again.");
    assert_snapshot!(refused(&tar(b'g', &pax("path", "solution.py")), "a.tar"), @"The archive is damaged: a global header names one entry. Pack it again.");
    assert_snapshot!(refused(&tar(b'x', &pax("GNU.sparse.major", "1")), "a.tar"), @"'solution.py' is stored as a sparse file. Pack without --sparse.");
    assert_snapshot!(refused(&tar(b'L', &vec![b'a'; 100_000]), "a.tar"), @"The archive is damaged: a long name or extended header is too long. Pack it again.");
    let two = Tar::default()
        .entry(b'x', b"x", &pax("path", "a.py"))
        .entry(b'L', b"x", b"b.py\0")
        .file("solution.py", b"");
    assert_snapshot!(refused(&two.end(), "a.tar"), @"The archive is damaged: two names for one entry. Pack it again.");
    let mut folder = tar_header(b"folder/", b'5', 512);
    checksum(&mut folder);
    let hidden = Tar::default().raw(&folder).file("solution.py", b"").end();
    assert_snapshot!(refused(&hidden, "a.tar"), @"'folder' is described as a file and as a folder at once. Pack it again.");
}

#[test]
fn what_is_cut_short_or_goes_on_is_refused() {
    let whole = Tar::default().file("solution.py", b"x = 1\n").end();
    assert_snapshot!(refused(&whole[..1024], "a.tar"), @"The archive is damaged after 'solution.py': its end is missing. Pack it again.");
    assert_snapshot!(refused(&whole[..800], "a.tar"), @"The archive is damaged after 'solution.py': unexpected EOF during skip. Pack it again.");
    let packed = gzip(&whole);
    assert_snapshot!(refused(&packed[..packed.len() - 4], "a.tgz"), @"The archive is damaged after 'solution.py': unexpected end of file. Pack it again.");
    let mut more = whole;
    more.extend(Tar::default().file("other.py", b"").end());
    assert_snapshot!(refused(&more, "a.tar"), @"The archive is damaged after 'solution.py': something follows its end. Pack it again.");
    let mut garbage = packed;
    garbage.extend(b"garbage");
    assert_snapshot!(refused(&garbage, "a.tgz"), @"The archive is damaged after 'solution.py': unexpected end of file. Pack it again.");
    let zip = zip(&[Zipped::file("solution.py", b"")]);
    assert_snapshot!(refused(&zip[..zip.len() - 10], "a.zip"), @"The archive is damaged: invalid Zip archive: Unexpected end of zip::format::blocks::Zip32CDEBlock. Pack it again.");
}

#[test]
fn a_solution_must_be_at_the_root() {
    let tar =
        |names: &[&str]| names.iter().fold(Tar::default(), |tar, name| tar.file(name, b"")).end();
    assert_snapshot!(refused(&tar(&["a/b/solution.py", "a/x"]), "a.tar"), @"There is neither solution.py nor Cargo.toml in the archive's folder 'a'. There is 'b/solution.py': give it exactly that name, and pack the folder it is in.");
    assert_snapshot!(refused(&tar(&["Solution.py", "x"]), "a.tar"), @"There is neither solution.py nor Cargo.toml at the root of the archive. There is 'Solution.py': give it exactly that name, and pack the folder it is in.");
    assert_snapshot!(refused(&tar(&["a/solution.py", "a/Cargo.toml"]), "a.tar"), @"There are both solution.py and Cargo.toml in the archive's folder 'a', so it is not clear which language to grade. Leave one out.");
    assert_snapshot!(refused(&tar(&["readme"]), "a.tar"), @"There is neither solution.py nor Cargo.toml at the root of the archive. Put one of them there.");
    assert_snapshot!(refused(&tar(&["__MACOSX/a"]), "a.tar"), @"There is no file in the archive. Pack the folder with your solution.");
    assert_snapshot!(refused(&Tar::default().end(), "a.tar"), @"There is no file in the archive. Pack the folder with your solution.");
    assert_snapshot!(refused(&zip(&[]), "a.zip"), @"There is no file in the archive. Pack the folder with your solution.");
}

#[test]
fn what_is_no_archive_is_named() {
    let why = |bytes: &[u8], name: &str| inspected(bytes, name).unwrap_err().to_string();
    assert_snapshot!(why(b"", "a.zip"), @"The upload is empty. Choose your archive again; the file may not have been saved.");
    assert_snapshot!(why(b"hello", "a.txt"), @"'a.txt' is neither a .zip, a .tar, a .tar.gz nor a solution.py. Pack the folder with your solution as .zip or .tar.gz, or send solution.py alone.");
    assert_snapshot!(why(b"hello", "C:\\work\\a.zip"), @"'a.zip' is not what its name says: it is no such archive. Pack it again.");
    assert_snapshot!(why(b"x = 1", "backprop.py"), @"A single file must be called solution.py; 'backprop.py' is not. Rename it and send it again.");
    assert_snapshot!(why(b"x = 1\0", "solution.py"), @"solution.py is not a text: byte 5 is not UTF-8 or is a NUL. Save it as UTF-8 and send it again.");
    assert_snapshot!(why("é".as_bytes().split_at(1).0, "solution.py"), @"solution.py is not a text: byte 0 is not UTF-8 or is a NUL. Save it as UTF-8 and send it again.");
    assert_snapshot!(why(b"7z\xbc\xaf\x27\x1c...", "a.7z"), @"'a.7z' is a .7z archive, which is not taken. Pack it as .zip or .tar.gz.");
}
