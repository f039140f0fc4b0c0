//! A numbering plan that is loaded while the api runs.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::House;

const PLAN: &str = "\
ZONA, NUMERACION_INICIAL, NUMERACION_FINAL, OCUPACION, MODALIDAD, RAZON_SOCIAL, FECHA_ASIGNACION
9,5510000000,5510004999,5000,CPP,\"RADIOMOVIL DIPSA, S.A. DE C.V.\",05/10/2024,
9,5510005000,5510009999,5000,FIJO,\"TELEFONOS DE MEXICO, S.A.B. DE C.V.\",05/10/2024,
";

impl House {
    async fn normalized(&self) -> Value {
        let body = json!({"numbers": ["55 1000 0001", "55 1000 5001", "55 2000 0001"]});
        self.admin.must(200, Method::POST, "/phones/normalize", Some(&body)).await.unwrap()
    }

    async fn line_types(&self) -> [Value; 3] {
        let answer = self.normalized().await;
        [0, 1, 2].map(|at| answer["data"][at]["line_type"].clone())
    }

    async fn allows_unknown(&self) -> Value {
        let campaign = json!({"name": "Sin decir", "message": {"template": "Hola"}, "segment": {"all": []}});
        self.admin.must(201, Method::POST, "/campaigns", Some(&campaign)).await.unwrap()
            ["allow_unknown_line_type"]
            .clone()
    }
}

#[tokio::test]
async fn a_plan_that_is_loaded_while_the_api_runs_is_what_it_answers_by() {
    let house = House::with_contacts(1).await;
    house.admin.add_sender("Tienda de Ejemplo", 10.0).await.unwrap();
    assert_eq!(house.line_types().await, ["unknown"; 3]);
    assert_eq!(house.allows_unknown().await, true);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.csv");
    std::fs::write(&file, PLAN).unwrap();
    let arguments = ["numbering-plan", "load", file.to_str().unwrap(), "--yes", "--json"];
    house.tools.run("migrator", &arguments, "", |_| {}).await.unwrap();

    for _ in 0..200 {
        if house.line_types().await != ["unknown"; 3] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(house.line_types().await, ["mobile", "fixed", "unknown"]);
    let plan = json!({"version": 1, "file_name": "plan.csv", "latest": "2024-10-05"});
    assert_eq!(house.normalized().await["numbering_plan"], plan);
    assert_eq!(house.allows_unknown().await, false);

    // A contact that is added now is classed by it.
    let ana =
        json!({"phone": "044 55 1000 0002", "full_name": "ANA RUIZ", "state_code": "D.F.", "city": "MEX DF"});
    let added = house.admin.must(201, Method::POST, "/contacts", Some(&ana)).await.unwrap();
    assert_eq!(added["phone_e164"], "+525510000002");
    assert_eq!((&added["line_type"], &added["carrier"]), (&json!("mobile"), &json!("Telcel")));
    assert_eq!((&added["state_code"], &added["city"]), (&json!("CMX"), &json!("Ciudad de México")));
    let again = house.admin.must(409, Method::POST, "/contacts", Some(&ana)).await.unwrap();
    assert_eq!(again["existing_id"], added["id"]);
    for (field, value) in [("phone", "911"), ("state_code", "EN ALGUNA PARTE"), ("city", &"a".repeat(401))] {
        let mut wrong = json!({"phone": "55 1000 0003"});
        wrong[field] = json!(value);
        let refused = house.admin.must(422, Method::POST, "/contacts", Some(&wrong)).await.unwrap();
        assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"), "{refused}");
    }
}
