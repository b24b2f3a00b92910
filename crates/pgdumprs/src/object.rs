//! Archives in object stores.

use std::future::ready;
use std::time::{Duration, Instant};

use pgdumprs_store::{Piece, Place, Upload, wait_for_aborts};

use crate::blocking::blocking;
use crate::product::Product;
use crate::{
    ArchiveSource, Dump, Error, Report, Restore, RestoreError, RestorePlan, RestoreReport,
};

/// How long a dump that has failed waits for the store to forget what it has of it.
const FORGETTING: Duration = Duration::from_secs(10);

/// How much smaller an archive is expected to be than its data on the server's disk. Where it is larger, its last parts are.
const COMPRESSED: u64 = 2;

impl Dump {
    /// Dumps into an object, which is there when it is complete, and not otherwise: until then, and where the dump fails, what had its name
    /// stays. Credentials come from the environment, as the tools of each cloud take them; the guide to object stores has them.
    ///
    /// The archive is in the custom format and says where its data is, as in a file. It goes up in parts, of which four at most are in
    /// memory: of 8 MiB, and of larger ones where the database has more than 125 GiB.
    ///
    /// Where it fails or its future is dropped, the store is told to forget the parts. That takes a moment, which a process that is to end should
    /// wait: [`wait_for_aborts`].
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pgdumprs::Error> {
    /// use pgdumprs::Dump;
    ///
    /// let place = "s3://backups/nightly/shop.dump".parse()?;
    /// let report = Dump::new("postgresql://app@db.example.com/shop")?.to_object(&place).await?;
    /// println!("{} bytes", report.archive_bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`]; [`Error::ObjectFormat`] for another format than custom, and [`Error::ObjectVerify`] where the archive was to be
    /// read back before it gets its name.
    #[tracing::instrument(name = "dump", skip_all)]
    pub async fn to_object(self, place: &Place) -> Result<Report, Error> {
        let dumped = self.summed_object(place, || ready(Ok(()))).await;
        dumped.map(|(report, _)| report)
    }

    /// As [`Dump::to_object`], with the sums of the object's pieces. It is given up where `check` fails, which is asked when the upload has begun, so that
    /// whoever begins one later knows of it, and again before the object gets its name.
    pub(crate) async fn summed_object<C: Future<Output = Result<(), Error>>>(
        mut self,
        place: &Place,
        check: impl Fn() -> C,
    ) -> Result<(Report, Vec<Piece>), Error> {
        let started = Instant::now();
        if !matches!(self.product, Product::Custom) {
            return Err(Error::ObjectFormat);
        }
        if self.verify {
            return Err(Error::ObjectVerify);
        }
        self.check(false)?;
        let dumped = self.upload(place.clone(), check).await;
        if dumped.is_err() {
            blocking(|| wait_for_aborts(FORGETTING)).await;
        }
        let (mut report, pieces) = dumped?;
        report.elapsed = started.elapsed();
        Ok((report, pieces))
    }

    async fn upload<C: Future<Output = Result<(), Error>>>(
        &mut self,
        place: Place,
        check: impl Fn() -> C,
    ) -> Result<(Report, Vec<Piece>), Error> {
        // A store that does not take it is better known before the server is asked for anything.
        let (upload, guard) = blocking(move || Upload::begin(&place)).await?;
        check().await?;
        let (begin, head_ends) = (self.beginning(), guard.head());
        let (mut upload, report) = self
            .run(move |contents| {
                let expected = contents.on_disk / COMPRESSED;
                begin.on_seekable(upload, contents, move || head_ends(expected))
            })
            .await?;
        let upload = blocking(move || upload.finish().map(|()| upload)).await?;
        check().await?;
        let pieces = blocking(move || upload.complete()).await?;
        Ok((report, pieces))
    }
}

impl Restore {
    /// Restores an archive in the custom or tar format from an object of a store. Of the object, no more is read than what is restored and the
    /// table of contents; each connection reads for itself.
    ///
    /// # Errors
    ///
    /// As for [`Restore::from_file`].
    #[tracing::instrument(name = "restore", skip_all)]
    pub async fn from_object(self, place: &Place) -> Result<RestoreReport, RestoreError> {
        self.run_of(ArchiveSource::object(place.clone())).await
    }

    /// As [`Restore::plan`], for an object of a store.
    ///
    /// # Errors
    ///
    /// As for [`Restore::plan`].
    #[tracing::instrument(name = "plan", skip_all)]
    pub async fn plan_object(self, place: &Place) -> Result<RestorePlan, RestoreError> {
        self.plan_of(ArchiveSource::object(place.clone())).await
    }
}
