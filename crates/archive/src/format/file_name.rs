//! The names of the files of a directory-format archive and of the members of one in tar format.

use bstr::{BString, ByteSlice};

use crate::{ArchiveVersion, Entry, Format, format::toc};

/// The table of contents, in both formats.
pub(crate) const TOC: &str = "toc.dat";
/// The list of the large objects in archives before 1.16, which have one at most.
const BLOBS_TOC: &str = "blobs.toc";
/// The longest name taken. No writer's is longer than 15 bytes.
const LONGEST: usize = 100;

/// Whether a name is that of a file right here: nothing in it leads to another folder, or to a file that hides.
pub(crate) fn is_plain(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    name.len() <= LONGEST && !name.starts_with(b".") && name.iter().all(plain) && !name.is_empty()
}

/// The file that an entry's data is in, or, for large objects, the list of them.
///
/// For that list, `pg_dump` notes a name in the table of contents which is the right one in folders of 1.16 alone.
pub(crate) fn in_use(
    entry: &Entry,
    noted: &BString,
    version: ArchiveVersion,
    format: Format,
) -> BString {
    if entry.descriptor == toc::BLOBS && (format == Format::Tar || version < ArchiveVersion::V1_16)
    {
        return list(entry.dump_id, version).into();
    }
    noted.clone()
}

/// The name that the table of contents notes for an entry's data; `None` if it has none.
pub(crate) fn noted(entry: &Entry, version: ArchiveVersion, format: Format) -> Option<String> {
    if !entry.had_dumper {
        None
    } else if entry.descriptor == toc::BLOBS && format == Format::Directory {
        Some(list(entry.dump_id, version))
    } else {
        Some(of_table(entry.dump_id))
    }
}

/// The file of a table's data.
pub(crate) fn of_table(dump_id: i32) -> String {
    format!("{dump_id}.dat")
}

/// The list of an entry's large objects.
pub(crate) fn list(dump_id: i32, version: ArchiveVersion) -> String {
    if version < ArchiveVersion::V1_16 {
        BLOBS_TOC.into()
    } else {
        format!("blobs_{dump_id}.toc")
    }
}

/// The line of a large object in the list.
pub(crate) fn list_line(oid: u32) -> String {
    format!("{oid} {}\n", of_large_object(oid))
}

/// The file of one large object.
pub(crate) fn of_large_object(oid: u32) -> String {
    format!("blob_{oid}.dat")
}

/// The large object that a file is of, if it is called as one.
pub(crate) fn large_object(name: &[u8]) -> Option<u32> {
    let digits = name.strip_prefix(b"blob_")?.strip_suffix(b".dat")?;
    let oid = digits.to_str().ok()?.parse().ok()?;
    (oid != 0 && of_large_object(oid).as_bytes() == name).then_some(oid)
}

/// Whether a writer calls files so that have data, or list large objects.
pub(crate) fn is_written(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let lists = || name.strip_prefix("blobs_")?.strip_suffix(".toc");
    let bare = [".gz", ".lz4", ".zst"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix));
    let data = || bare.unwrap_or(name).strip_suffix(".dat");
    name == BLOBS_TOC
        || lists().is_some_and(is_number)
        || data().is_some_and(|data| is_number(data.strip_prefix("blob_").unwrap_or(data)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_known() {
        for name in [
            "3506.dat",
            "3506.dat.zst",
            "blob_7.dat.gz",
            "blobs.toc",
            "blobs_12.toc",
        ] {
            assert!(is_written(name), "{name}");
        }
        for name in [
            "toc.dat",
            ".dat",
            "blob_.dat",
            "notes.dat",
            "1.dat.bz2",
            "1.dat.gz.gz",
            "blobs_.toc",
        ] {
            assert!(!is_written(name), "{name}");
        }
    }

    #[test]
    fn names_lead_nowhere_else() {
        for name in [
            "3506.dat",
            "blobs.toc",
            "blobs_12.toc",
            "blob_4000000001.dat",
        ] {
            assert!(is_plain(name.as_bytes()), "{name}");
        }
        let long = "1".repeat(LONGEST + 1);
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "/etc/passwd",
            ".hidden",
            "a\\b",
            "c:x",
            "a\0",
            &long,
        ] {
            assert!(!is_plain(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn large_objects_are_known_by_the_name_they_are_given() {
        assert_eq!(large_object(b"blob_4000000001.dat"), Some(4_000_000_001));
        for name in [
            "blob_0.dat",
            "blob_01.dat",
            "blob_+1.dat",
            "blob_4294967296.dat",
            "blob_1.dat.gz",
            "1.dat",
        ] {
            assert_eq!(large_object(name.as_bytes()), None, "{name}");
        }
    }
}
