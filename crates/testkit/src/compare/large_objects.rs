//! Large objects: what entries say about each (instead of F2 across a version gap), and F4.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;

use anyhow::{Context, Result};
use bstr::{BString, ByteSlice};
use pgdumprs_archive::{Block, Entry};

use super::archive::Archive;
use super::report::{Comparison, Rule};

/// How many bytes one hash covers, and so how closely a difference is placed.
const PAGE: usize = 4096;

/// All that the entries say about one large object.
#[derive(Debug, Default, PartialEq, Eq)]
struct Described {
    owner: Option<BString>,
    /// Definitions of its privileges, comments and labels, with the descriptor.
    more: Vec<(BString, BString)>,
}

/// Compares each large object's owner, privileges, comments and labels, whether they come from an
/// entry for each or from entries for groups.
pub(super) fn compare_described(stock: &Archive, ours: &Archive, comparison: &mut Comparison) {
    let stock = described(stock.entries());
    let ours = described(ours.entries());
    for (oid, theirs) in &stock {
        match ours.get(oid) {
            None => comparison.difference(Rule::F2, format!("missing: large object {oid}")),
            Some(own) if own != theirs => comparison.difference(
                Rule::F2,
                format!("large object {oid}\n  - {theirs:?}\n  + {own:?}"),
            ),
            Some(_) => {}
        }
    }
    for oid in ours.keys().filter(|oid| !stock.contains_key(oid)) {
        comparison.difference(Rule::F2, format!("extra: large object {oid}"));
    }
}

fn described(entries: &[Entry]) -> BTreeMap<u32, Described> {
    let mut found: BTreeMap<u32, Described> = BTreeMap::new();
    let mut groups: HashMap<i32, Vec<u32>> = HashMap::new();
    for entry in entries {
        let oids: Vec<u32> = match entry.descriptor.as_slice() {
            b"BLOB" => vec![entry.catalog_id.oid],
            // The definition of a group is its members' oids, one a line.
            b"BLOB METADATA" => entry
                .definition
                .iter()
                .flat_map(|list| oids(list))
                .collect(),
            _ => continue,
        };
        for oid in &oids {
            found.entry(*oid).or_default().owner = entry.owner.clone();
        }
        groups.insert(entry.dump_id, oids);
    }
    for entry in entries {
        let (Some(tag), Some(definition)) = (&entry.tag, &entry.definition) else {
            continue;
        };
        let (targets, stated): (Vec<u32>, Vec<u32>) =
            if let Some(oid) = tag.strip_prefix(b"LARGE OBJECT ") {
                (oids(oid).collect(), oids(oid).collect())
            } else if tag.starts_with(b"LARGE OBJECTS ") {
                // The definition speaks of the group's first member and holds for all of them.
                let group = entry.dependencies.iter().find_map(|id| groups.get(id));
                let group = group.cloned().unwrap_or_default();
                (group.clone(), group.into_iter().take(1).collect())
            } else {
                continue;
            };
        for target in targets {
            let mut text = definition.clone();
            for stated in &stated {
                let from = format!("LARGE OBJECT {stated} ");
                text = text.replace(from, format!("LARGE OBJECT {target} ")).into();
            }
            let more = &mut found.entry(target).or_default().more;
            more.push((entry.descriptor.clone(), text));
            more.sort();
        }
    }
    found
}

fn oids(list: &[u8]) -> impl Iterator<Item = u32> {
    list.split(|byte| byte.is_ascii_whitespace())
        .filter_map(|word| word.to_str().ok()?.parse().ok())
}

/// Compares the bytes of all large objects, however they are spread over blocks.
pub(super) fn compare_data(
    stock: &mut Archive,
    ours: &mut Archive,
    comparison: &mut Comparison,
) -> Result<()> {
    let stock = contents(stock).context("stock's archive")?;
    let ours = match contents(ours) {
        Ok(ours) => ours,
        Err(error) => {
            comparison.difference(Rule::F4, format!("large objects: {error:#}"));
            return Ok(());
        }
    };
    for (oid, theirs) in &stock {
        match ours.get(oid) {
            None => comparison.difference(Rule::F4, format!("large object {oid} has no data")),
            Some(own) => {
                if let Some(shown) = theirs.difference(own) {
                    comparison.difference(Rule::F4, format!("large object {oid} {shown}"));
                }
            }
        }
    }
    for oid in ours.keys().filter(|oid| !stock.contains_key(oid)) {
        comparison.difference(Rule::F4, format!("data of a large object {oid} too many"));
    }
    Ok(())
}

fn contents(archive: &mut Archive) -> Result<BTreeMap<u32, Fingerprint>> {
    let blocks: Vec<i32> = archive
        .entries()
        .iter()
        .filter(|entry| entry.had_dumper && entry.descriptor == "BLOBS")
        .map(|entry| entry.dump_id)
        .collect();
    let mut found = BTreeMap::new();
    for dump_id in blocks {
        if let Block::LargeObjects(mut block) = archive.reader().block(dump_id)? {
            while let Some(mut object) = block.next_object()? {
                let oid = object.oid();
                found.insert(oid, Fingerprint::of(&mut object)?);
            }
        }
    }
    Ok(found)
}

/// A large object's length and a hash of each page: enough to place a difference without keeping
/// the bytes.
#[derive(Debug, PartialEq, Eq)]
struct Fingerprint {
    length: usize,
    pages: Vec<u64>,
}

impl Fingerprint {
    fn of(input: &mut impl Read) -> Result<Fingerprint> {
        let mut fingerprint = Fingerprint {
            length: 0,
            pages: Vec::new(),
        };
        loop {
            let mut page = Vec::with_capacity(PAGE);
            input.by_ref().take(PAGE as u64).read_to_end(&mut page)?;
            if page.is_empty() {
                return Ok(fingerprint);
            }
            fingerprint.length += page.len();
            let mut hasher = DefaultHasher::new();
            page.hash(&mut hasher);
            fingerprint.pages.push(hasher.finish());
        }
    }

    fn difference(&self, ours: &Fingerprint) -> Option<String> {
        if self == ours {
            return None;
        }
        let mut pages = self.pages.iter().zip(&ours.pages);
        let page = pages.position(|(stock, ours)| stock != ours);
        let from = page.unwrap_or(self.pages.len().min(ours.pages.len())) * PAGE;
        Some(format!(
            "first differs in the {PAGE} bytes from {from}; stock has {} bytes, ours {}",
            self.length, ours.length
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(descriptor: &str, tag: &str, definition: &str) -> Entry {
        Entry {
            descriptor: descriptor.into(),
            tag: Some(tag.into()),
            definition: Some(definition.into()),
            owner: Some("ann".into()),
            ..Entry::default()
        }
    }

    #[test]
    fn a_group_says_the_same_as_its_members() {
        let mut group = entry("BLOB METADATA", "7..70", "7\n70\n");
        group.dump_id = 1;
        let grant = |oid| format!("GRANT ALL ON LARGE OBJECT {oid} TO bob;\n");
        let mut privileges = entry("ACL", "LARGE OBJECTS 7..70", &grant(7));
        privileges.dependencies = vec![1];
        let grouped = described(&[group, privileges]);

        let mut single = Vec::new();
        for oid in [7, 70] {
            let mut object = entry("BLOB", &oid.to_string(), "SELECT …");
            object.catalog_id.oid = oid;
            single.push(object);
            single.push(entry("ACL", &format!("LARGE OBJECT {oid}"), &grant(oid)));
        }
        assert_eq!(grouped, described(&single));
        single.pop();
        assert_ne!(grouped, described(&single));
    }

    #[test]
    fn a_difference_is_placed_within_a_page() {
        let stock = vec![1; 3 * PAGE];
        let mut ours = stock.clone();
        ours[PAGE + 5] = 2;
        let of = |bytes: &[u8]| Fingerprint::of(&mut &bytes[..]).unwrap();
        assert_eq!(of(&stock).difference(&of(&stock)), None);
        let shown = of(&stock).difference(&of(&ours)).unwrap();
        assert!(shown.contains("bytes from 4096"), "{shown}");
        let shown = of(&stock).difference(&of(&stock[..PAGE])).unwrap();
        assert!(
            shown.contains("bytes from 4096") && shown.contains("ours 4096"),
            "{shown}"
        );
    }
}
