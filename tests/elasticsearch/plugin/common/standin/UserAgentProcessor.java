package standin;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.elasticsearch.ingest.AbstractProcessor;
import org.elasticsearch.ingest.ConfigurationUtils;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.ingest.Processor;

/** The real processor's options and output shape over a dozen common agents. */
final class UserAgentProcessor extends AbstractProcessor {
  static final String TYPE = "user_agent";

  private static final Set<String> PROPERTIES = Set.of("name", "os", "device", "original", "version");
  private static final List<Rule> AGENTS = List.of(
      new Rule("Edge", "Edg(?:e|A|iOS)?/([\\d.]+)"),
      new Rule("Opera", "OPR/([\\d.]+)"),
      new Rule("Firefox", "Firefox/([\\d.]+)"),
      new Rule("Chrome", "Chrome/([\\d.]+)"),
      new Rule("Mobile Safari", "Version/([\\d.]+).*Mobile.*Safari/"),
      new Rule("Safari", "Version/([\\d.]+).*Safari/"),
      new Rule("IE", "(?:MSIE |Trident/.*rv:)([\\d.]+)"),
      new Rule("Python Requests", "python-requests/([\\d.]+)"),
      new Rule("curl", "curl/([\\d.]+)"),
      new Rule("Go-http-client", "Go-http-client/([\\d.]+)"));
  private static final List<Rule> SYSTEMS = List.of(
      new Rule("Windows", "Windows NT ([\\d.]+)"),
      new Rule("Android", "Android ([\\d.]+)"),
      new Rule("iOS", "(?:iPhone|iPad|iPod).* OS ([\\d_]+)"),
      new Rule("Mac OS X", "Mac OS X ([\\d_.]+)"),
      new Rule("Linux", "Linux()"));
  private static final Map<String, String> WINDOWS = Map.of("10.0", "10", "6.3", "8.1", "6.2", "8", "6.1", "7");

  private final String field;
  private final String targetField;
  private final List<String> properties;
  private final boolean ignoreMissing;

  record Rule(String name, Pattern pattern) {
    Rule(String name, String regex) {
      this(name, Pattern.compile(regex));
    }
  }

  private UserAgentProcessor(String tag, String description, String field, String target, List<String> properties,
      boolean ignoreMissing) {
    super(tag, description);
    this.field = field;
    this.targetField = target;
    this.properties = properties;
    this.ignoreMissing = ignoreMissing;
  }

  static Processor create(String tag, String description, Map<String, Object> config) {
    String field = ConfigurationUtils.readStringProperty(TYPE, tag, config, "field");
    String target = ConfigurationUtils.readStringProperty(TYPE, tag, config, "target_field", "user_agent");
    List<String> properties = ConfigurationUtils.readOptionalList(TYPE, tag, config, "properties");
    boolean ignoreMissing = ConfigurationUtils.readBooleanProperty(TYPE, tag, config, "ignore_missing", false);
    ConfigurationUtils.readBooleanProperty(TYPE, tag, config, "extract_device_type", false);
    properties = properties == null ? new ArrayList<>(PROPERTIES) : properties;
    for (String name : properties) {
      if (!PROPERTIES.contains(name)) {
        throw ConfigurationUtils.newConfigurationException(TYPE, tag, "properties", "illegal property value [" + name + "]");
      }
    }
    return new UserAgentProcessor(tag, description, field, target, properties, ignoreMissing);
  }

  @Override
  public IngestDocument execute(IngestDocument document) {
    String agent = document.getFieldValue(field, String.class, ignoreMissing);
    if (agent == null) {
      if (ignoreMissing) return document;
      throw new IllegalArgumentException("field [" + field + "] is null, cannot parse user-agent.");
    }
    Map<String, Object> all = parse(agent);
    all.keySet().retainAll(properties);
    document.setFieldValue(targetField, all);
    return document;
  }

  private static Map<String, Object> parse(String agent) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("original", agent);
    String[] browser = first(AGENTS, agent);
    all.put("name", browser == null ? "Other" : browser[0]);
    if (browser != null && !browser[1].isEmpty()) all.put("version", browser[1]);
    String[] system = first(SYSTEMS, agent);
    if (system != null) {
      String version = system[1].replace('_', '.');
      if (system[0].equals("Windows")) version = WINDOWS.getOrDefault(version, version);
      Map<String, Object> os = new LinkedHashMap<>();
      os.put("name", system[0]);
      if (!version.isEmpty()) os.put("version", version);
      os.put("full", version.isEmpty() ? system[0] : system[0] + " " + version);
      all.put("os", os);
    }
    all.put("device", new LinkedHashMap<>(Map.of("name", device(agent))));
    return all;
  }

  private static String device(String agent) {
    for (String name : List.of("iPhone", "iPad")) if (agent.contains(name)) return name;
    return agent.contains("Macintosh") ? "Mac" : "Other";
  }

  private static String[] first(List<Rule> rules, String agent) {
    for (Rule rule : rules) {
      Matcher matcher = rule.pattern().matcher(agent);
      if (matcher.find()) return new String[] {rule.name(), matcher.group(1)};
    }
    return null;
  }

  @Override
  public String getType() {
    return TYPE;
  }
}
