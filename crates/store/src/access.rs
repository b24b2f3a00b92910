//! Opens a store, with what the environment says.

mod process;
mod profile;
pub(crate) mod s3;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::multipart::MultipartStore;
use object_store::{ClientOptions, ObjectStore, ObjectStoreScheme, Result};

use crate::{Error, ErrorKind, Place};

/// How long one request to read may take: it asks for 8 MiB at most.
pub(crate) const READING: Duration = Duration::from_secs(120);
/// How long one request to write may take. Parts are larger, and links out of a house slower.
const WRITING: Duration = Duration::from_secs(15 * 60);
/// How long a connection may take.
const CONNECTING: Duration = Duration::from_secs(15);

/// All that is asked of a store.
pub(crate) trait Store: ObjectStore + MultipartStore {}

impl<S: ObjectStore + MultipartStore> Store for S {}

/// Opens a place for reading.
pub(crate) fn reading(place: &Place) -> Result<Arc<dyn Store>, Error> {
    open(place, READING)
}

/// Opens a place for writing.
pub(crate) fn writing(place: &Place) -> Result<Arc<dyn Store>, Error> {
    open(place, WRITING)
}

fn open(place: &Place, timeout: Duration) -> Result<Arc<dyn Store>, Error> {
    let options = options(timeout);
    let opened = match place.scheme() {
        ObjectStoreScheme::AmazonS3 => return Ok(Arc::new(s3::open(place, options)?.store)),
        ObjectStoreScheme::GoogleCloudStorage => {
            gcs(place, options).map(|store| Arc::new(store) as _)
        }
        _ => azure(place, options).map(|store| Arc::new(store) as _),
    };
    opened.map_err(|error| {
        let said = settings::advice(&error.to_string(), variable);
        match said {
            Some(reason) => Error::new("use", place, ErrorKind::Invalid, reason),
            None => refused(place, &error),
        }
    })
}

/// A variable of the environment that is there and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(crate) fn options(timeout: Duration) -> ClientOptions {
    ClientOptions::new()
        .with_timeout(timeout)
        .with_connect_timeout(CONNECTING)
        // Where somebody has named an endpoint without TLS, that is what was meant.
        .with_allow_http(true)
}

fn gcs(place: &Place, options: ClientOptions) -> Result<object_store::gcp::GoogleCloudStorage> {
    let builder = GoogleCloudStorageBuilder::new().with_client_options(options);
    let builder = variables("GOOGLE_").fold(builder, |builder, (key, value)| match key.parse() {
        Ok(key) => builder.with_config(key, value),
        Err(_) => builder,
    });
    builder.with_url(place.url().as_str()).build()
}

fn azure(place: &Place, options: ClientOptions) -> Result<object_store::azure::MicrosoftAzure> {
    let mut builder = MicrosoftAzureBuilder::new().with_client_options(options);
    for (name, value) in variables("AZURE_") {
        let Ok(key) = name.parse() else { continue };
        if key == AzureConfigKey::Token {
            settings::check_header(&name.to_ascii_uppercase(), &value).map_err(|reason| {
                object_store::Error::Generic {
                    store: "Azure",
                    source: reason.into(),
                }
            })?;
        }
        builder = builder.with_config(key, value);
    }
    builder.with_url(place.url().as_str()).build()
}

/// Variables of the environment whose names begin so, as object_store spells its settings.
fn variables(prefix: &'static str) -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(move |(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        // A variable that is empty is as one that is not set, for the clouds' own tools too.
        (name.starts_with(prefix) && !value.is_empty()).then(|| (name.to_ascii_lowercase(), value))
    })
}

/// A setting is wrong.
fn refused(place: &Place, error: &object_store::Error) -> Error {
    let error = Error::of_store("use", place, error);
    Error::new("use", place, ErrorKind::Invalid, error.reason())
}
