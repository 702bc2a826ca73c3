import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.Executors;

/** A function of Alibaba Function Compute in Java: the JDK's own HTTP server, and no library. */
public class Server {
    public static void main(String[] arguments) throws IOException {
        String told = System.getenv().getOrDefault("FC_CUSTOM_LISTEN_PORT", "9000");
        HttpServer server =
                HttpServer.create(new InetSocketAddress("0.0.0.0", Integer.parseInt(told)), 64);
        server.createContext("/invoke", Server::invoke);
        server.createContext("/health", exchange -> answer(exchange, 200, "ok"));
        server.createContext("/", Server::web);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
        System.out.println("Java " + Runtime.version().feature() + " listens on " + told);
    }

    /** Every event; the body of the answer is the result. */
    private static void invoke(HttpExchange exchange) throws IOException {
        String event = text(exchange);
        String id = exchange.getRequestHeaders().getFirst("x-fc-request-id");
        System.out.println(id + " " + event.length() + " characters");
        if (event.isBlank()) {
            exchange.getResponseHeaders().set("x-fc-status", "404");
            answer(exchange, 200, "{\"errorMessage\": \"the event is empty\"}");
            return;
        }
        answer(exchange, 200, event.toUpperCase(Locale.ROOT));
    }

    /** Whatever comes from the HTTP trigger, as the client sent it. */
    private static void web(HttpExchange exchange) throws IOException {
        answer(exchange, 200, exchange.getRequestMethod() + " " + exchange.getRequestURI() + "\n");
    }

    private static String text(HttpExchange exchange) throws IOException {
        return new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
