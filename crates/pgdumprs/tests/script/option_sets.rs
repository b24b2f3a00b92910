//! Sets of options, with names and lists out of the archive that they are tried on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use pgdumprs_archive::{Entry, Reader};

/// Options without names, a set a line.
const SETS: &str = "

-a
-s
-c
-C
-c -C
-c --if-exists
-c --if-exists -C
-O
-x
-O -x
-v
-v -O --no-tablespaces
-1
-1 -c --if-exists
--transaction-size=1
--transaction-size=7
--transaction-size=7 -c
--transaction-size=3 -c --if-exists -C
--transaction-size=100 -a
--transaction-size=7 -C --use-set-session-authorization
--section=pre-data
--section=data
--section=post-data
--section=pre-data --section=post-data
--section=data --disable-triggers
--section=pre-data -c
--section=post-data -c --if-exists
--section=data -C
--no-data
--no-schema
--no-statistics
--statistics
--statistics-only
--statistics -s
--no-schema --no-data
--no-data --no-schema --no-statistics
--no-schema -c
--statistics-only -c
--statistics-only --section=post-data
-s --no-schema
-a --no-data
-a -s
-c -a
--if-exists
-1 -C
-1 --transaction-size=2
-a --disable-triggers
-a --disable-triggers -Spostgres
-a --disable-triggers -SOdd\"super --use-set-session-authorization
-s --disable-triggers
--enable-row-security
--role=restorer
--role=Odd'\"role -C
--use-set-session-authorization
--use-set-session-authorization -c
--use-set-session-authorization -O
--use-set-session-authorization -C -c --if-exists
--use-set-session-authorization -a
--no-comments
--no-comments -C
--no-policies
--no-publications
--no-subscriptions
--no-publications --no-subscriptions --no-policies --no-security-labels
--no-security-labels
--no-tablespaces
--no-table-access-method
--no-table-access-method --no-tablespaces -O -x --no-comments
--strict-names
-a --statistics
-a -C
-s -C -v
";

/// Options with names, in the place of which stand such as the archive has: of a `{TABLE}` and its like, in turn the first of such
/// entries and others. Lists are such as `pg_restore -l` prints, changed.
const WITH_NAMES: &str = "
-t{TABLE}
-t{TABLE} -c --if-exists
-t{TABLE} -v
-t{TABLE} -t{TABLE} -a
-t{TABLE} -x --no-comments
-t{TABLE} -n{schema}
-t{TABLE} -N{schema}
-t{VIEW}
-t{SEQUENCE}
-t{MATERIALIZED VIEW}
-t{FOREIGN TABLE}
-t{TABLE} --statistics-only
-I{INDEX}
-I{INDEX} -c
-I{INDEX} -t{TABLE}
-I{INDEX} --statistics-only
-P{FUNCTION}
-P{AGGREGATE} -P{PROCEDURE}
-P{FUNCTION} -c --if-exists
-T{TRIGGER}
-T{TRIGGER} -t{TABLE} -I{INDEX} -P{FUNCTION}
-n{schema}
-n{schema} -n{schema} -c
-n{schema} -N{schema}
-n{schema} -C
-n{schema} -a --disable-triggers
-n{schema} --statistics
-N{schema}
-N{schema} --strict-names
-n{schema} --strict-names
-t{TABLE} --strict-names
-tabsent
-nabsent
-tabsent --strict-names
-t{TABLE} -tabsent --strict-names
-n{schema} -Iabsent --strict-names
-Pabsent --strict-names
-Tabsent --strict-names
-nabsent -t{TABLE} --strict-names
-Nabsent --strict-names
-L{list}
-L{list reversed}
-L{list reversed} -c
-L{list reversed} -C -c
-L{list cut}
-L{list cut} -c --if-exists -C
-L{list cut} -a
-L{list cut} -t{TABLE}
-L{list cut} --transaction-size=5
-L{list cut} --section=data --section=post-data
-L{list cut} -n{schema}
-L{list reversed} -n{schema}
-L{list of data}
-L{list of data} --disable-triggers
-L{list with rubbish}
-L{list of nothing}
-L{list of the unknown}
";

/// The sets of options for one archive, each as words. Lists go into `folder`.
pub(crate) fn for_archive(archive: &Path, folder: &Path) -> Result<Vec<Vec<String>>> {
    let reader = Reader::open_path(archive)?;
    let mut names = Names::new(reader.entries(), folder)?;
    let sets = SETS
        .split('\n')
        .skip(1)
        .chain(WITH_NAMES.split_terminator('\n').skip(1));
    let sets = sets.map(|set| words(set).map(|word| names.fill_in(&word)).collect());
    Ok(sets.collect())
}

/// Words begin with a hyphen: there may be blanks within them.
fn words(set: &str) -> impl Iterator<Item = String> {
    let words = set.strip_prefix('-').map(|set| set.split(" -"));
    words.into_iter().flatten().map(|word| format!("-{word}"))
}

/// What stands for names.
struct Names {
    /// Of each kind, in the order of the archive.
    names: BTreeMap<String, Vec<String>>,
    /// How many of each have been taken.
    taken: BTreeMap<String, usize>,
    lists: BTreeMap<&'static str, String>,
}

impl Names {
    fn new(entries: &[Entry], folder: &Path) -> Result<Names> {
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in entries {
            let text = |text: &Option<bstr::BString>| {
                let text = text
                    .as_ref()
                    .and_then(|text| std::str::from_utf8(text).ok());
                text.filter(|text| !text.is_empty()).map(str::to_owned)
            };
            names
                .entry(entry.descriptor.to_string())
                .or_default()
                .extend(text(&entry.tag));
            names
                .entry("schema".into())
                .or_default()
                .extend(text(&entry.namespace));
        }
        let mut lists = BTreeMap::new();
        for (name, text) in lists_of(entries) {
            let path = folder.join(name.replace(' ', "_"));
            fs::write(&path, text).context("writing a list")?;
            lists.insert(name, path.to_str().context("the folder's name")?.to_owned());
        }
        Ok(Names {
            names,
            taken: BTreeMap::new(),
            lists,
        })
    }

    fn fill_in(&mut self, word: &str) -> String {
        let Some((before, rest)) = word.split_once('{') else {
            return word.to_owned();
        };
        let (kind, behind) = rest.split_once('}').expect("a closing brace");
        let filler = match self.lists.get(kind) {
            Some(path) => path.clone(),
            None => self.name(kind),
        };
        format!("{before}{filler}{behind}")
    }

    /// Names of a kind in great steps, so that they come from all over the archive.
    fn name(&mut self, kind: &str) -> String {
        let Some(names) = self.names.get(kind).filter(|names| !names.is_empty()) else {
            return format!("no {kind}");
        };
        let taken = self.taken.entry(kind.to_owned()).or_default();
        *taken += 1;
        names[(*taken - 1) * 37 % names.len()].clone()
    }
}

/// Lists of entries.
fn lists_of(entries: &[Entry]) -> Vec<(&'static str, String)> {
    let line = |entry: &Entry| format!("{}; {}\n", entry.dump_id, entry.descriptor);
    let all: Vec<_> = entries.iter().map(line).collect();
    let cut = all.iter().enumerate().filter(|(at, _)| at % 3 != 1);
    let data = entries.iter().filter(|entry| entry.had_dumper).map(line);
    let greatest = entries.iter().map(|entry| entry.dump_id).max().unwrap_or(0);
    let has = |dump_id| entries.iter().any(|entry| entry.dump_id == dump_id);
    let unknown = (1..=greatest).find(|dump_id| !has(*dump_id));
    let unknown = unknown.map_or_else(|| "x\n".into(), |dump_id| format!("{dump_id};\n"));
    let rubbish = format!(";\n \n{}{}x\n-3\n0\n2147483647\n", all[0], all[0]);
    vec![
        ("list", all.concat()),
        ("list reversed", all.iter().rev().cloned().collect()),
        ("list cut", cut.map(|(_, line)| line.as_str()).collect()),
        ("list of data", data.collect()),
        (
            "list with rubbish",
            rubbish + &all[all.len() / 2..].concat(),
        ),
        ("list of nothing", "; nothing\n".into()),
        ("list of the unknown", unknown),
    ]
}
