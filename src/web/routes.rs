//! The one list of addresses. What is not on it is not served, and what is on it can be read back:
//! the tests hold a row of expectations against each.

use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::http::Method;
use actix_web::{App, FromRequest, Handler, HttpRequest, Resource, Responder, web};

use super::error::Error;

/// A method and an address with its parameters: `POST /submissions/{id}/regrade`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The method; whoever may `GET` may `HEAD`.
    pub method: Method,
    /// As it was registered.
    pub pattern: String,
}

/// All that is served.
pub fn listed() -> Vec<Listed> {
    let mut all = Vec::new();
    let _app = App::new().configure(|cfg| all = super::all_routes().register(cfg));
    all
}

/// Addresses in the order in which they are tried, each with its methods.
#[derive(Default)]
pub(super) struct Routes {
    resources: Vec<(String, Methods)>,
}

#[derive(Default)]
struct Methods {
    routes: Vec<(Method, actix_web::Route)>,
    form_bytes: Option<usize>,
}

impl Routes {
    /// Answers `GET`, and so `HEAD`.
    pub(super) fn get<F, Args>(&mut self, pattern: &str, handler: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, pattern, web::get().to(handler))
    }

    /// Answers `POST`.
    pub(super) fn post<F, Args>(&mut self, pattern: &str, handler: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, pattern, web::post().to(handler))
    }

    /// Lets the address registered last take a longer form than others.
    pub(super) fn form_bytes(&mut self, most: usize) -> &mut Self {
        if let Some((_, methods)) = self.resources.last_mut() {
            methods.form_bytes = Some(most);
        }
        self
    }

    fn add(&mut self, method: Method, pattern: &str, route: actix_web::Route) -> &mut Self {
        let at = self.resources.iter().position(|(known, _)| known == pattern);
        let at = at.unwrap_or_else(|| {
            self.resources.push((pattern.to_owned(), Methods::default()));
            self.resources.len() - 1
        });
        self.resources[at].1.routes.push((method, route));
        self
    }

    /// Serves them; says which they are.
    pub(super) fn register(self, cfg: &mut web::ServiceConfig) -> Vec<Listed> {
        let mut all = Vec::new();
        for (pattern, methods) in self.resources {
            for (method, _) in &methods.routes {
                all.push(Listed { method: method.clone(), pattern: pattern.clone() });
            }
            cfg.service(resource(&pattern, methods));
        }
        all
    }
}

/// One address; another method than its own is told which they are.
fn resource(pattern: &str, methods: Methods) -> impl HttpServiceFactory + 'static {
    let allow = allowed(&methods);
    let mut resource: Resource = web::resource(pattern.to_owned());
    if let Some(most) = methods.form_bytes {
        resource = resource.app_data(web::FormConfig::default().limit(most));
    }
    for (_, route) in methods.routes {
        resource = resource.route(route);
    }
    resource.default_service(web::to(move |_: HttpRequest| {
        let allow = allow.clone();
        async move { Err::<String, _>(Error::Method { allow }) }
    }))
}

fn allowed(methods: &Methods) -> String {
    let names = methods.routes.iter().map(|(method, _)| match *method {
        Method::GET => "GET, HEAD",
        _ => method.as_str(),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Whether a program asks: the API answers with problems rather than pages.
pub(super) fn by_program(request: &ServiceRequest) -> bool {
    request.path().starts_with("/api/")
}
