//! S3, and other stores that speak its protocol.

use std::sync::Arc;
use std::{env, fs};

use object_store::ClientOptions;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey as Key};

use crate::access::process::Process;
use crate::access::profile::{Credentials, Profile};
use crate::access::{refused, settings, variable, variables};
use crate::{Error, ErrorKind, Place};

/// The region that AWS's tools, and this, take where none is named.
const REGION: &str = "us-east-1";

/// A bucket.
pub(crate) struct Bucket {
    pub(crate) store: AmazonS3,
    /// The address of the bucket itself.
    pub(crate) url: String,
    pub(crate) region: String,
    /// Whether requests are signed.
    pub(crate) signs: bool,
}

/// Opens the bucket of a place. What the environment says counts before what a profile does, as with AWS's tools.
pub(crate) fn open(place: &Place, options: ClientOptions) -> Result<Bucket, Error> {
    let builder = AmazonS3Builder::new().with_client_options(options);
    let has_key = env::var_os("AWS_ACCESS_KEY_ID").is_some_and(|key| !key.is_empty());
    // A token belongs to a key.
    let variables = variables("AWS_").filter(|(name, _)| has_key || name != "aws_session_token");
    let builder = variables.fold(builder, |builder, (key, value)| match key.parse() {
        Ok(key) => builder.with_config(key, value),
        Err(_) => builder,
    });
    let builder = with_profile(builder)
        .and_then(checked)
        .map_err(|reason| Error::new("use", place, ErrorKind::Invalid, reason))?;
    let setting = |key| builder.get_config_value(&key);
    let region = setting(Key::Region).unwrap_or_else(|| REGION.to_owned());
    let endpoint = setting(Key::S3Endpoint).or_else(|| setting(Key::Endpoint));
    let is_true = |key| setting(key).is_some_and(|value| value == "true");
    let url = bucket_url(
        place.url().host_str().unwrap_or_default(),
        &region,
        endpoint.as_deref(),
        is_true(Key::VirtualHostedStyleRequest),
    );
    let signs = !is_true(Key::SkipSignature);
    let store = builder.with_url(place.url().as_str()).build();
    Ok(Bucket {
        store: store.map_err(|error| refused(place, &error))?,
        url,
        region,
        signs,
    })
}

/// Adds what AWS's profile files say and the environment does not.
fn with_profile(mut builder: AmazonS3Builder) -> Result<AmazonS3Builder, String> {
    let profile = Profile::read(variable)?;
    for (key, setting) in [(Key::Region, "region"), (Key::Endpoint, "endpoint_url")] {
        if let (None, Some(value)) = (builder.get_config_value(&key), profile.setting(setting)) {
            builder = builder.with_config(key, value);
        }
    }
    // A key in the environment counts, and so does what a cluster gives its programs.
    let has_own = builder.get_config_value(&Key::AccessKeyId).is_some()
        || variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some();
    if has_own {
        return Ok(builder);
    }
    Ok(match profile.credentials()? {
        Some(Credentials::Key(id, secret, token)) => {
            let builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(secret);
            match token {
                Some(token) => builder.with_token(token),
                None => builder,
            }
        }
        Some(Credentials::Process(command)) => {
            builder.with_credentials(Arc::new(Process::new(command)))
        }
        None => builder,
    })
}

/// Gives back a builder of which each setting is one that requests can be made of.
fn checked(builder: AmazonS3Builder) -> Result<AmazonS3Builder, String> {
    let setting = |key| builder.get_config_value(&key);
    for (key, name) in [
        (Key::AccessKeyId, "the access key (AWS_ACCESS_KEY_ID)"),
        (
            Key::SecretAccessKey,
            "the secret key (AWS_SECRET_ACCESS_KEY)",
        ),
        (Key::Token, "the session's token (AWS_SESSION_TOKEN)"),
        (Key::Region, "the region (AWS_REGION)"),
        (Key::DefaultRegion, "the region (AWS_DEFAULT_REGION)"),
    ] {
        setting(key).map_or(Ok(()), |value| settings::check_header(name, &value))?;
    }
    // One that cannot be read is told of by the request that needs it.
    let file = setting(Key::ContainerAuthorizationTokenFile);
    if let Some(Ok(token)) = file.map(fs::read_to_string) {
        let name = "the token in the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
        settings::check_header(name, &token)?;
    }
    for (key, name) in [
        (Key::S3Endpoint, "the endpoint (AWS_ENDPOINT_URL_S3)"),
        (Key::Endpoint, "the endpoint (AWS_ENDPOINT_URL)"),
    ] {
        setting(key).map_or(Ok(()), |value| settings::check_endpoint(name, &value))?;
    }
    Ok(builder)
}

/// Where a bucket is: its own host, or a folder of its endpoint.
fn bucket_url(bucket: &str, region: &str, endpoint: Option<&str>, is_host: bool) -> String {
    match (endpoint, is_host) {
        (Some(endpoint), true) => endpoint.to_owned(),
        (Some(endpoint), false) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
        (None, true) => format!("https://{bucket}.s3.{region}.amazonaws.com"),
        (None, false) => format!("https://s3.{region}.amazonaws.com/{bucket}"),
    }
}
