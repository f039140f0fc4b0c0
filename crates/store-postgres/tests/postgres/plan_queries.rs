//! The plan's own queries, as they stand in it.

use crate::harness::Postgres;

#[tokio::test]
async fn the_four_queries_of_the_plan_run_as_they_stand() {
    let postgres = Postgres::fresh().await;
    postgres
        .client
        .batch_execute(
            "INSERT INTO contacts (phone_national, is_valid, state_code, lada)
             SELECT 5510000000 + n, n % 10 <> 0, (ARRAY['CMX', 'MEX', 'JAL'])[1 + n % 3], (100 + n % 25)::text
             FROM generate_series(1, 100) AS n",
        )
        .await
        .unwrap();
    let all = postgres.client.query_one(include_str!("../../sql/plan_contacts.sql"), &[]).await.unwrap();
    assert_eq!(all.get::<_, i64>(0), 100);
    let valid =
        postgres.client.query_one(include_str!("../../sql/plan_valid_contacts.sql"), &[]).await.unwrap();
    assert_eq!(valid.get::<_, i64>(0), 90);
    let by_state = include_str!("../../sql/plan_by_state.sql");
    assert_eq!(postgres.rows(by_state).await, 3);
    let by_lada = include_str!("../../sql/plan_by_lada.sql");
    assert_eq!(postgres.rows(by_lada).await, 20);
}
