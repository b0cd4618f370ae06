# varnish as it comes; a stream is piped, as its manual says.
vcl 4.1;
backend default {
    .host = "127.0.0.1";
    .port = "BACK";
    .probe = {
        .url = "/readyz";
        .interval = 200ms;
        .initial = 1;
        .threshold = 1;
        .window = 2;
    }
}
sub vcl_recv {
    if (req.url ~ "/events") {
        return (pipe);
    }
}
