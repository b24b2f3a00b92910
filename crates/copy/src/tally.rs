//! What the workers tell of, added up: whole tables, and how far all of it has come.

use std::time::Instant;

use crate::table::Count;
use crate::worker::Told;
use crate::{Plan, Progress, Summary, Work};

/// Adds up what the workers tell, part by part, and tells of whole jobs.
pub(crate) struct Tally<'a> {
    plan: &'a Plan,
    jobs: Vec<JobTally>,
    summary: Summary,
    /// Bytes of data that have come, those of unfinished parts included.
    raw: u64,
    /// Bytes of data in parts that have been read, and what those take on disk.
    settled: Ratio,
    /// Bytes on disk that stand for what has come.
    done: u64,
}

/// What is known of a job.
#[derive(Clone, Default)]
struct JobTally {
    /// Parts that are still to be read.
    left: usize,
    /// What the parts that have been read came to.
    count: Count,
    /// Bytes on disk of all parts, of those that have been read, and those that stand for what has come.
    planned: u64,
    settled: u64,
    done: u64,
    /// When its first data came.
    began: Option<Instant>,
}

/// How much data there is in how much of a disk.
#[derive(Default)]
struct Ratio {
    raw: u64,
    disk: u64,
}

impl Ratio {
    /// The bytes on disk that `raw` bytes of data stand for. Until anything is known, they are taken for as many.
    fn disk(&self, raw: u64) -> u64 {
        if self.raw == 0 || self.disk == 0 {
            return raw;
        }
        let disk = u128::from(raw) * u128::from(self.disk) / u128::from(self.raw);
        u64::try_from(disk).unwrap_or(u64::MAX)
    }
}

impl<'a> Tally<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let mut jobs = vec![JobTally::default(); plan.jobs.len()];
        for part in &plan.parts {
            jobs[part.job].left += 1;
            jobs[part.job].planned += part.bytes;
        }
        Self {
            plan,
            jobs,
            summary: Summary::default(),
            raw: 0,
            settled: Ratio::default(),
            done: 0,
        }
    }

    /// Takes in what a worker told.
    pub(crate) fn hear(&mut self, told: Told, watch: &mut impl FnMut(Progress)) {
        match told {
            Told::Started(job) => {
                self.begin(job);
                if let Work::Table(table) = &self.plan.jobs[job].work {
                    watch(Progress::TableStarted {
                        name: table.name.clone(),
                    });
                }
            }
            Told::Came { job, bytes } => {
                self.begin(job);
                self.raw += bytes;
                let disk = self.settled.disk(bytes);
                self.advance(job, self.jobs[job].done.saturating_add(disk));
                self.tell(watch);
            }
            Told::Said { job, notices } => {
                let work = job.map(|job| &self.plan.jobs[job].work);
                let table = match work {
                    Some(Work::Table(table)) => Some(table.name.clone()),
                    Some(Work::LargeObjects { .. }) | None => None,
                };
                watch(Progress::Said { table, notices });
            }
            Told::Read { job, disk, count } => {
                self.begin(job);
                self.settled.raw += count.bytes;
                self.settled.disk += disk;
                let tally = &mut self.jobs[job];
                tally.left -= 1;
                tally.count.rows += count.rows;
                tally.count.bytes += count.bytes;
                tally.settled += disk;
                let (settled, is_whole) = (tally.settled, tally.left == 0);
                self.advance(job, settled);
                if is_whole {
                    self.finish(job, watch);
                }
                self.tell(watch);
            }
            Told::Contended { name, reason } => watch(Progress::TableContended { name, reason }),
        }
    }

    /// What all came to.
    pub(crate) fn summary(self) -> Summary {
        self.summary
    }

    fn begin(&mut self, job: usize) {
        self.jobs[job].began.get_or_insert_with(Instant::now);
    }

    /// Notes that what has come of a job stands for at least so many bytes on disk. Never goes back, nor beyond what was planned.
    fn advance(&mut self, job: usize, disk: u64) {
        let tally = &mut self.jobs[job];
        let done = disk.min(tally.planned).max(tally.done);
        self.done += done - tally.done;
        tally.done = done;
    }

    fn tell(&self, watch: &mut impl FnMut(Progress)) {
        watch(Progress::Came {
            raw: self.raw,
            disk: self.done,
        });
    }

    fn finish(&mut self, job: usize, watch: &mut impl FnMut(Progress)) {
        let JobTally {
            count: Count { rows, bytes },
            began,
            ..
        } = self.jobs[job];
        let elapsed = began.map(|began| began.elapsed()).unwrap_or_default();
        self.summary.bytes += bytes;
        let job = &self.plan.jobs[job];
        match &job.work {
            Work::Table(table) => {
                self.summary.tables += 1;
                self.summary.rows += rows;
                watch(Progress::TableFinished {
                    dump_id: job.dump_id,
                    name: table.name.clone(),
                    rows,
                    bytes,
                    elapsed,
                });
            }
            Work::LargeObjects { .. } => {
                self.summary.large_objects += rows;
                watch(Progress::LargeObjectsFinished { count: rows, bytes });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByPages, Job, Table};

    const MIB: u64 = 1 << 20;

    fn plan(tables: &[u64]) -> Plan {
        let job = |(index, &bytes): (usize, &u64)| Job {
            dump_id: i32::try_from(index).unwrap() + 1,
            work: Work::Table(Table {
                name: format!("public.t{index}").into(),
                copy: "COPY".into(),
                bytes,
                condition: None,
                by_pages: Some(ByPages {
                    pages: u32::try_from(bytes / 8192).unwrap(),
                    columns: "a".into(),
                }),
                inserts: None,
                is_binary_exact: false,
            }),
        };
        Plan::new(tables.iter().enumerate().map(job).collect(), 16 * MIB)
    }

    /// How far it has come after each of these.
    fn heard(plan: &Plan, told: Vec<Told>) -> (Vec<(u64, u64)>, Vec<Progress>) {
        let mut tally = Tally::new(plan);
        let (mut came, mut others) = (Vec::new(), Vec::new());
        for told in told {
            tally.hear(told, &mut |progress| match progress {
                Progress::Came { raw, disk } => came.push((raw / MIB, disk / MIB)),
                other => others.push(other),
            });
        }
        (came, others)
    }

    fn read(job: usize, disk: u64, bytes: u64) -> Told {
        Told::Read {
            job,
            disk: disk * MIB,
            count: Count {
                rows: 1,
                bytes: bytes * MIB,
            },
        }
    }

    fn came(job: usize, bytes: u64) -> Told {
        Told::Came {
            job,
            bytes: bytes * MIB,
        }
    }

    #[test]
    fn what_was_read_teaches_what_data_takes_on_disk() {
        let plan = plan(&[8 * MIB, 8 * MIB]);
        assert_eq!(plan.bytes(), 16 * MIB);
        let told = vec![came(0, 4), read(0, 8, 4), came(1, 2), read(1, 8, 4)];
        let (came, _) = heard(&plan, told);
        assert_eq!(came, [(4, 4), (4, 8), (6, 12), (6, 16)]);
    }

    #[test]
    fn it_never_goes_back_or_beyond_the_plan() {
        let plan = plan(&[8 * MIB, 32 * MIB]);
        let told = vec![
            came(0, 100),
            read(0, 8, 100),
            came(1, 50),
            came(1, 500),
            read(1, 16, 300),
            read(1, 16, 250),
        ];
        let (came, others) = heard(&plan, told);
        let disk: Vec<u64> = came.iter().map(|(_, disk)| *disk).collect();
        assert_eq!(disk, [8, 8, 12, 40, 40, 40]);
        let names: Vec<_> = others
            .iter()
            .map(|other| match other {
                Progress::TableFinished { name, rows, .. } => (name.to_string(), *rows),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            names,
            [("public.t0".to_owned(), 1), ("public.t1".to_owned(), 2)]
        );
    }
}
