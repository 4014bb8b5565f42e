package standin;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.elasticsearch.script.ScriptContext;
import org.elasticsearch.script.ScriptEngine;
import org.elasticsearch.script.TemplateScript;

/** A small mustache: variables, raw variables, sections and inverted sections. Without it templates stay literal text. */
final class MustacheEngine implements ScriptEngine {
  @Override
  public String getType() {
    return "mustache";
  }

  @Override
  public Set<ScriptContext<?>> getSupportedContexts() {
    return Set.of(TemplateScript.CONTEXT, TemplateScript.INGEST_CONTEXT);
  }

  @Override
  public <F> F compile(String name, String source, ScriptContext<F> context, Map<String, String> options) {
    boolean json = options.getOrDefault("content_type", "application/json").startsWith("application/json");
    TemplateScript.Factory factory = parameters -> new TemplateScript(parameters) {
      @Override
      public String execute() {
        StringBuilder out = new StringBuilder();
        render(source, new ArrayDeque<>(List.of(parameters)), json, out);
        return out.toString();
      }
    };
    return context.factoryClazz.cast(factory);
  }

  private static void render(String template, Deque<Object> scopes, boolean json, StringBuilder out) {
    int at = 0;
    while (true) {
      int start = template.indexOf("{{", at);
      if (start < 0) {
        out.append(template, at, template.length());
        return;
      }
      out.append(template, at, start);
      boolean raw = template.startsWith("{{{", start);
      int end = template.indexOf(raw ? "}}}" : "}}", start);
      if (end < 0) throw new IllegalArgumentException("unclosed tag in template");
      String key = template.substring(start + (raw ? 3 : 2), end).trim();
      at = end + (raw ? 3 : 2);
      char kind = raw || key.isEmpty() ? ' ' : key.charAt(0);
      if (kind == '#' || kind == '^') {
        at = section(template, at, key, scopes, json, out);
      } else if (kind != '!') {
        boolean plain = raw || kind == '&';
        Object value = look(kind == '&' ? key.substring(1).trim() : key, scopes);
        if (value != null) out.append(plain || !json ? value.toString() : escape(value.toString()));
      }
    }
  }

  /** Renders the section that starts at {@code from}; returns the position behind its end tag. */
  private static int section(String template, int from, String key, Deque<Object> scopes, boolean json, StringBuilder out) {
    String name = key.substring(1).trim();
    int depth = 1;
    int at = from;
    while (true) {
      int open = template.indexOf("{{", at);
      int close = open < 0 ? -1 : template.indexOf("}}", open);
      if (close < 0) throw new IllegalArgumentException("unclosed section " + name);
      String tag = template.substring(open + 2, close).trim();
      at = close + 2;
      if (tag.isEmpty() || !tag.substring(1).trim().equals(name)) continue;
      if (tag.charAt(0) == '#' || tag.charAt(0) == '^') depth++;
      if (tag.charAt(0) == '/' && --depth == 0) {
        body(template.substring(from, open), look(name, scopes), key.charAt(0) == '^', scopes, json, out);
        return at;
      }
    }
  }

  private static void body(String body, Object value, boolean inverted, Deque<Object> scopes, boolean json, StringBuilder out) {
    boolean on = value != null && !Boolean.FALSE.equals(value) && !(value instanceof Collection<?> list && list.isEmpty());
    if (inverted) {
      if (!on) render(body, scopes, json, out);
    } else if (on) {
      for (Object item : value instanceof Collection<?> list ? list : List.of(value)) {
        scopes.push(item);
        render(body, scopes, json, out);
        scopes.pop();
      }
    }
  }

  private static Object look(String key, Deque<Object> scopes) {
    if (key.equals(".")) return scopes.peek();
    for (Object scope : scopes) {
      Object value = path(scope, key);
      if (value != null) return value;
    }
    return null;
  }

  private static Object path(Object value, String key) {
    for (String part : key.split("\\.")) {
      if (value instanceof Map<?, ?> map) {
        value = map.get(part);
      } else if (value instanceof List<?> list && part.matches("\\d+")) {
        int index = Integer.parseInt(part);
        value = index < list.size() ? list.get(index) : null;
      } else {
        return null;
      }
    }
    return value;
  }

  private static String escape(String text) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> out.append(c < 32 ? String.format("\\u%04x", (int) c) : String.valueOf(c));
      }
    }
    return out.toString();
  }
}
