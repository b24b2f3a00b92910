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
use object_store::client::{HttpConnector, HttpRequestBody, ReqwestConnector};
use object_store::multipart::MultipartStore;
use serde::Deserialize;
use url::Url;

use crate::access::{self, s3};
use crate::list::path;
use crate::runtime::wait;
use crate::{Bucket, Error, ErrorKind, Place};

/// How many pages of uploads are asked for, of 1,000 each: a bucket that has more has other cares.
const PAGES: usize = 20;

/// What is done, for errors.
const LIST: &str = "list the uploads to";

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

    /// Has the store forget an upload. Blocks meanwhile.
    ///
    /// # Errors
    /// [`Error`], where the store cannot be reached or refuses.
    pub fn abort_upload(&self, upload: &BegunUpload) -> Result<(), Error> {
        abort_upload(&self.of, upload)
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

/// As [`Bucket::begun_uploads`], in the bucket of `place`.
pub(crate) fn begun_uploads(place: &Place, prefix: &str) -> Result<Vec<BegunUpload>, Error> {
    if *place.scheme() != ObjectStoreScheme::AmazonS3 {
        return Ok(Vec::new());
    }
    let (inside, prefix) = (place.clone(), prefix.to_owned());
    wait(async move { list(&inside, &prefix).await })?
}

/// As [`Bucket::abort_upload`], in the bucket of `place`.
pub(crate) fn abort_upload(place: &Place, upload: &BegunUpload) -> Result<(), Error> {
    let (inside, upload) = (place.clone(), upload.clone());
    wait(async move {
        let bucket = s3::open(&inside, access::options(access::READING))?;
        let key = path(&upload.key)?;
        let aborted = bucket.store.abort_multipart(&key, &upload.id).await;
        aborted.map_err(|error| Error::of_store("abort an upload to", &inside, &error))
    })?
}

/// Asks page by page.
async fn list(place: &Place, prefix: &str) -> Result<Vec<BegunUpload>, Error> {
    let of_store = |error| Error::of_store(LIST, place, &error);
    let of_text = |reason: String| Error::new(LIST, place, ErrorKind::Unavailable, reason);
    let bucket = s3::open(place, access::options(access::READING))?;
    let client = ReqwestConnector::default()
        .connect(&access::options(access::READING))
        .map_err(of_store)?;
    let mut uploads = Vec::new();
    let (mut key_marker, mut id_marker) = (String::new(), String::new());
    for _ in 0..PAGES {
        let mut url = Url::parse(&bucket.url).map_err(|error| of_text(error.to_string()))?;
        url.query_pairs_mut()
            .append_pair("uploads", "")
            .append_pair("prefix", prefix)
            .append_pair("key-marker", &key_marker)
            .append_pair("upload-id-marker", &id_marker);
        let credential = match bucket.signs {
            true => Some(bucket.store.credentials().get_credential().await),
            false => None,
        };
        let credential = credential.transpose().map_err(of_store)?;
        let request = request(&url, &bucket.region, credential).map_err(of_text)?;
        let answer = client.execute(request).await;
        // Its text has the address in it, which is signed by a header: there is no secret in it.
        let answer = answer.map_err(|error| of_text(error.to_string()))?;
        let status = answer.status();
        let body = answer.into_body().bytes().await;
        let body = body.map_err(|error| of_text(error.to_string()))?;
        let text = String::from_utf8_lossy(&body);
        if !status.is_success() {
            return Err(Error::of_answer(LIST, place, status, &text));
        }
        let listed: Listed = quick_xml::de::from_str(&text)
            .map_err(|_| of_text("its answer is no list".to_owned()))?;
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
