//! Encrypting and decrypting 600 bytes, beside the raw primitives of the same back end that the message takes.
//!
//! `cargo bench -p countersign-jose --bench jwe`
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use countersign_jose::jwe::{self, AgreementCurve, Compact, DecryptionKey, KeyManagement, Parameters};
use criterion::Criterion;

/// What a primitive takes to encrypt, and to decrypt.
type Primitive = (Box<dyn Fn()>, Box<dyn Fn()>);

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let generate = |algorithm| DecryptionKey::generate(algorithm).unwrap();
    let on = |curve| DecryptionKey::generate_on(curve, KeyManagement::EcdhEs).unwrap();
    let cases: [(&str, DecryptionKey, Primitive); 5] = [
        ("dir", generate(KeyManagement::Dir), (Box::new(seal), opening())),
        ("A256KW", generate(KeyManagement::A256Kw), key_wrap()),
        ("ECDH-ES P-256", on(AgreementCurve::P256), agreement(&agreement::ECDH_P256)),
        ("ECDH-ES X25519", on(AgreementCurve::X25519), agreement(&agreement::X25519)),
        ("RSA-OAEP-256", generate(KeyManagement::RsaOaep256), oaep()),
    ];
    for (name, key, (encrypt, decrypt)) in cases {
        let mut group = criterion.benchmark_group(format!("{name} A256GCM 600 bytes"));
        let (to, content) = (key.encryption_key(), [b'x'; 600]);
        let message = jwe::encrypt(&to, &Parameters::default(), &content).unwrap();
        group.bench_function("encrypt", |b| {
            b.iter(|| jwe::encrypt(&to, &Parameters::default(), black_box(&content)).unwrap());
        });
        group.bench_function("encrypt, primitives", |b| b.iter(&encrypt));
        group.bench_function("decrypt", |b| {
            b.iter(|| Compact::parse(black_box(&message)).unwrap().decrypt(&key).unwrap());
        });
        group.bench_function("decrypt, primitives", |b| b.iter(&decrypt));
        group.finish();
    }
    criterion.final_summary();
}

fn gcm(key: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap())
}

/// A random vector, and the content under it.
fn seal() {
    let mut iv = [0; 12];
    rand::fill(&mut iv).unwrap();
    let mut content = [b'x'; 600];
    let aad = Aad::from(b"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0");
    let sealed = gcm(&[7; 32]).seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), aad, &mut content);
    let _ = black_box((sealed.unwrap(), content));
}

fn opening() -> Box<dyn Fn()> {
    let mut sealed = vec![b'x'; 600];
    let nonce = || Nonce::assume_unique_for_key([1; 12]);
    gcm(&[7; 32]).seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed).unwrap();
    Box::new(move || {
        let mut sealed = sealed.clone();
        black_box(gcm(&[7; 32]).open_in_place(nonce(), Aad::empty(), &mut sealed).unwrap());
    })
}

fn key_wrap() -> Primitive {
    let kek = || AesKek::new(&AES_256, &[9; 32]).unwrap();
    let mut wrapped = [0; 40];
    kek().wrap(&[7; 32], &mut wrapped).unwrap();
    let open = opening();
    let encrypt = move || {
        let (mut cek, mut out) = ([0; 32], [0; 40]);
        rand::fill(&mut cek).unwrap();
        black_box(kek().wrap(&cek, &mut out).unwrap());
        seal();
    };
    let decrypt = move || {
        let mut out = [0; 32];
        black_box(kek().unwrap(black_box(&wrapped), &mut out).unwrap());
        open();
    };
    (Box::new(encrypt), Box::new(decrypt))
}

fn agreement(curve: &'static agreement::Algorithm) -> Primitive {
    let (ours, theirs) = (PrivateKey::generate(curve).unwrap(), PrivateKey::generate(curve).unwrap());
    let (public, ephemeral) = (ours.compute_public_key().unwrap(), theirs.compute_public_key().unwrap());
    let with = move |key: &PrivateKey, peer: &[u8]| {
        agree(key, UnparsedPublicKey::new(curve, peer), (), |secret| Ok(black_box(secret.len()))).unwrap()
    };
    let open = opening();
    let encrypt = move || {
        let ephemeral = PrivateKey::generate(curve).unwrap();
        black_box(ephemeral.compute_public_key().unwrap());
        with(&ephemeral, public.as_ref());
        seal();
    };
    let decrypt = move || {
        with(&ours, ephemeral.as_ref());
        open();
    };
    (Box::new(encrypt), Box::new(decrypt))
}

fn oaep() -> Primitive {
    let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let public = OaepPublicEncryptingKey::new(private.public_key()).unwrap();
    let private = OaepPrivateDecryptingKey::new(private).unwrap();
    let mut encrypted = vec![0; 256];
    public.encrypt(&OAEP_SHA256_MGF1SHA256, &[7; 32], &mut encrypted, None).unwrap();
    let open = opening();
    let encrypt = move || {
        let (mut cek, mut out) = ([0; 32], [0; 256]);
        rand::fill(&mut cek).unwrap();
        black_box(public.encrypt(&OAEP_SHA256_MGF1SHA256, &cek, &mut out, None).unwrap());
        seal();
    };
    let decrypt = move || {
        let mut out = [0; 256];
        black_box(private.decrypt(&OAEP_SHA256_MGF1SHA256, &encrypted, &mut out, None).unwrap());
        open();
    };
    (Box::new(encrypt), Box::new(decrypt))
}
