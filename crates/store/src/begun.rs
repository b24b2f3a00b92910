//! Uploads that were begun and never came to an end, as a store of S3's protocol lists them.
//!
//! A process that is killed can tell the store nothing: its parts stay, nobody sees them and somebody pays for them. Whoever writes an object
//! of the same name later knows that nobody wants them any more.

use std::sync::Arc;
use std::time::SystemTime;

use http::{Method, Request};
use jiff::Timestamp;
use object_store::ObjectStoreScheme;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{HttpClient, HttpConnector, HttpRequestBody, ReqwestConnector};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::access::{self, Store, s3};
use crate::list::path;
use crate::runtime::wait;
use crate::{Bucket, Error, ErrorKind, Place};

/// How many pages of uploads are asked for, of 1,000 each: a bucket that has more has other cares.
const PAGES: usize = 20;

/// What is done, for errors.
const LIST: &str = "list the uploads to";
const LIST_PARTS: &str = "list the parts of the upload to";

/// What stands for itself in a request that is signed: letters, digits and these.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The same for a key, which has folders.
const KEY: &AsciiSet = &PARAMETER.remove(b'/');

/// An upload that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BegunUpload {
    /// The key that its object would have.
    pub key: String,
    /// When it was begun, by the store's clock.
    pub begun: SystemTime,
    id: String,
}

impl BegunUpload {
    /// Whether its object would be this one.
    pub(crate) fn is_of(&self, place: &Place) -> bool {
        self.key == place.key().as_ref()
    }

    /// Whether it is the one that the store calls so.
    pub(crate) fn is(&self, id: &str) -> bool {
        self.id == id
    }
}

impl Bucket {
    /// The uploads whose keys begin with `prefix` that were begun and neither completed nor aborted. Blocks meanwhile.
    ///
    /// Stores that do not speak S3's protocol tell nothing of them: there are none then.
    ///
    /// # Errors
    /// [`Error`], where the store cannot be reached or refuses: to list uploads is a right of its own (`s3:ListBucketMultipartUploads`).
    pub fn begun_uploads(&self, prefix: &str) -> Result<Vec<BegunUpload>, Error> {
        begun_uploads(&self.of, prefix)
    }

    /// When something last came to the store of an upload: when it was begun, or the newest of its parts was there. Blocks meanwhile.
    ///
    /// # Errors
    /// [`Error`], where the store cannot be reached or refuses: to list parts is a right of its own (`s3:ListMultipartUploadParts`). Also where the upload has
    /// ended meanwhile.
    pub fn last_of_upload(&self, upload: &BegunUpload) -> Result<SystemTime, Error> {
        let (inside, upload) = (self.of.clone(), upload.clone());
        wait(async move { last(&inside, &upload).await })?
    }

    /// Has the store forget an upload. Blocks meanwhile.
    ///
    /// # Errors
    /// [`Error`], where the store cannot be reached or refuses.
    pub fn abort_upload(&self, upload: &BegunUpload) -> Result<(), Error> {
        abort_upload(&self.of, self.store.clone(), upload)
    }
}

/// The answer to the question for uploads.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Listed {
    is_truncated: bool,
    next_key_marker: String,
    next_upload_id_marker: String,
    upload: Vec<ListedUpload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedUpload {
    key: String,
    upload_id: String,
    initiated: Timestamp,
}

/// The answer to the question for an upload's parts.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ListedParts {
    is_truncated: bool,
    next_part_number_marker: String,
    part: Vec<ListedPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPart {
    last_modified: Timestamp,
}

/// As [`Bucket::begun_uploads`], in the bucket of `place`.
pub(crate) fn begun_uploads(place: &Place, prefix: &str) -> Result<Vec<BegunUpload>, Error> {
    if *place.scheme() != ObjectStoreScheme::AmazonS3 {
        return Ok(Vec::new());
    }
    let (inside, prefix) = (place.clone(), prefix.to_owned());
    wait(async move { list(&inside, &prefix).await })?
}

/// As [`Bucket::abort_upload`], in the bucket of `place`.
pub(crate) fn abort_upload(
    place: &Place,
    store: Arc<dyn Store>,
    upload: &BegunUpload,
) -> Result<(), Error> {
    let (inside, upload) = (place.clone(), upload.clone());
    wait(async move {
        let key = path(&upload.key)?;
        let aborted = store.abort_multipart(&key, &upload.id).await;
        aborted.map_err(|error| Error::of_store("abort an upload to", &inside, &error))
    })?
}

/// Asks for uploads page by page.
async fn list(place: &Place, prefix: &str) -> Result<Vec<BegunUpload>, Error> {
    let asked = Asked::of(place, LIST)?;
    let mut uploads = Vec::new();
    let (mut key_marker, mut id_marker) = (String::new(), String::new());
    for _ in 0..PAGES {
        let parameters = [
            ("uploads", ""),
            ("prefix", prefix),
            ("key-marker", &key_marker),
            ("upload-id-marker", &id_marker),
        ];
        let listed: Listed = asked.page("", &parameters).await?;
        uploads.extend(listed.upload.into_iter().map(|upload| BegunUpload {
            key: upload.key,
            begun: upload.initiated.into(),
            id: upload.upload_id,
        }));
        if !listed.is_truncated {
            break;
        }
        (key_marker, id_marker) = (listed.next_key_marker, listed.next_upload_id_marker);
    }
    Ok(uploads)
}

/// Asks for an upload's parts page by page. Their numbers say nothing of their times: the first comes last.
async fn last(place: &Place, upload: &BegunUpload) -> Result<SystemTime, Error> {
    let asked = Asked::of(place, LIST_PARTS)?;
    let (mut last, mut marker) = (upload.begun, String::from("0"));
    for _ in 0..PAGES {
        let parameters = [
            ("uploadId", &*upload.id),
            ("part-number-marker", &marker),
            ("max-parts", "1000"),
        ];
        let listed: ListedParts = asked.page(&upload.key, &parameters).await?;
        let parts = listed.part.into_iter();
        last = parts.fold(last, |last, part| last.max(part.last_modified.into()));
        if !listed.is_truncated {
            break;
        }
        marker = listed.next_part_number_marker;
    }
    Ok(last)
}

/// A bucket that is asked for lists which object_store does not know.
struct Asked<'a> {
    place: &'a Place,
    action: &'static str,
    bucket: s3::Bucket,
    client: HttpClient,
}

impl<'a> Asked<'a> {
    fn of(place: &'a Place, action: &'static str) -> Result<Self, Error> {
        let bucket = s3::open(place, access::options(access::READING))?;
        let client = ReqwestConnector::default()
            .connect(&access::options(access::READING))
            .map_err(|error| Error::of_store(action, place, &error))?;
        Ok(Asked {
            place,
            action,
            bucket,
            client,
        })
    }

    /// A page of a list, of the bucket or of what has a key.
    async fn page<T: DeserializeOwned>(
        &self,
        key: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, Error> {
        let failed =
            |reason: String| Error::new(self.action, self.place, ErrorKind::Unavailable, reason);
        let mut url = self.bucket.url.clone();
        if !key.is_empty() {
            url = format!(
                "{}/{}",
                url.trim_end_matches('/'),
                utf8_percent_encode(key, KEY)
            );
        }
        let mut url = Url::parse(&url).map_err(|error| failed(error.to_string()))?;
        // A blank is no plus sign in what is signed.
        let parameters = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, PARAMETER)));
        url.set_query(Some(&parameters.collect::<Vec<_>>().join("&")));
        let credential = match self.bucket.signs {
            true => Some(self.bucket.store.credentials().get_credential().await),
            false => None,
        };
        let credential = credential
            .transpose()
            .map_err(|error| Error::of_store(self.action, self.place, &error))?;
        let request = request(&url, &self.bucket.region, credential).map_err(failed)?;
        let answer = self.client.execute(request).await;
        // Its text has the address in it, which is signed by a header: there is no secret in it.
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        let status = answer.status();
        let body = answer.into_body().bytes().await;
        let body = body.map_err(|error| failed(error.to_string()))?;
        let text = String::from_utf8_lossy(&body);
        if !status.is_success() {
            return Err(Error::of_answer(self.action, self.place, status, &text));
        }
        quick_xml::de::from_str(&text).map_err(|_| failed("its answer is no list".to_owned()))
    }
}

/// A request, signed where there are credentials.
fn request(
    url: &Url,
    region: &str,
    credential: Option<Arc<AwsCredential>>,
) -> Result<Request<HttpRequestBody>, String> {
    let request = Request::builder().method(Method::GET).uri(url.as_str());
    let mut request = request
        .body(HttpRequestBody::empty())
        .map_err(|error| error.to_string())?;
    if let Some(credential) = credential {
        AwsAuthorizer::new(&credential, "s3", region)
            .try_authorize(&mut request, None)
            .map_err(|error| error.to_string())?;
    }
    Ok(request)
}
