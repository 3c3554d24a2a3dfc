#[tokio::main]
async fn main() {
    let d = std::env::args().nth(1).unwrap();
    let t = std::time::Instant::now();
    match testat::runtime::Runtime::build(
        d.as_ref(),
        env!("CARGO_MANIFEST_DIR").as_ref(),
        &mut |l| println!("{:?} {l}", t.elapsed()),
    )
    .await
    {
        Ok(r) => println!("{:?} {} {:?}", t.elapsed(), r.id(), r.root()),
        Err(e) => println!("ERR {e}"),
    }
}
