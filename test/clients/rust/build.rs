//! Generates the client out of llmhub.binpb, descriptors that `buf build` writes: no protoc, no plugin.

use prost::Message;
use prost_types::FileDescriptorSet;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let descriptors = "llmhub.binpb";
    println!("cargo::rerun-if-changed={descriptors}");
    let mut set = FileDescriptorSet::decode(&*std::fs::read(descriptors)?)?;
    // Health and reflection have crates of their own; the rules of buf.validate are for the gateway to check.
    set.file.retain(|file| ["llmhub.v1", "google.protobuf"].contains(&file.package()));
    tonic_prost_build::configure().build_server(false).compile_fds(set)?;
    Ok(())
}
