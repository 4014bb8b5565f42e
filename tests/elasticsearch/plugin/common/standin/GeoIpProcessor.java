package standin;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.elasticsearch.ingest.AbstractProcessor;
import org.elasticsearch.ingest.ConfigurationUtils;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.ingest.Processor;

/** The real processor's options, defaults and errors over the small test table; addresses that are not in it are left alone. */
final class GeoIpProcessor extends AbstractProcessor {
  static final String TYPE = "geoip";

  private final Options options;

  record Options(String field, String targetField, Database database, List<String> properties, boolean ignoreMissing,
      boolean firstOnly) {}

  /** What a database file offers, and what it gives when a pipeline names no properties. */
  enum Database {
    CITY(List.of("ip", "country_in_european_union", "country_iso_code", "country_name", "continent_code", "continent_name",
        "region_iso_code", "region_name", "city_name", "timezone", "location", "postal_code", "accuracy_radius"),
        List.of("country_iso_code", "country_name", "continent_name", "region_iso_code", "region_name", "city_name",
            "location")),
    COUNTRY(List.of("ip", "continent_code", "continent_name", "country_name", "country_in_european_union",
        "country_iso_code"), List.of("continent_name", "country_name", "country_iso_code")),
    ASN(List.of("ip", "asn", "organization_name", "network"), List.of("ip", "asn", "organization_name", "network"));

    final List<String> known;
    final List<String> defaults;

    Database(List<String> known, List<String> defaults) {
      this.known = known;
      this.defaults = defaults;
    }

    static Database of(String file, String tag) {
      if (file.endsWith("-City.mmdb")) return CITY;
      if (file.endsWith("-Country.mmdb")) return COUNTRY;
      if (file.endsWith("-ASN.mmdb")) return ASN;
      throw ConfigurationUtils.newConfigurationException(TYPE, tag, "database_file",
          "Unsupported database type for file [" + file + "]");
    }
  }

  private GeoIpProcessor(String tag, String description, Options options) {
    super(tag, description);
    this.options = options;
  }

  static Processor create(String tag, String description, Map<String, Object> config) {
    String field = ConfigurationUtils.readStringProperty(TYPE, tag, config, "field");
    String target = ConfigurationUtils.readStringProperty(TYPE, tag, config, "target_field", "geoip");
    String file = ConfigurationUtils.readStringProperty(TYPE, tag, config, "database_file", "GeoLite2-City.mmdb");
    List<String> properties = ConfigurationUtils.readOptionalList(TYPE, tag, config, "properties");
    boolean ignoreMissing = ConfigurationUtils.readBooleanProperty(TYPE, tag, config, "ignore_missing", false);
    boolean firstOnly = ConfigurationUtils.readBooleanProperty(TYPE, tag, config, "first_only", true);
    ConfigurationUtils.readBooleanProperty(TYPE, tag, config, "download_database_on_pipeline_creation", true);
    Database database = Database.of(file, tag);
    List<String> chosen = properties == null ? database.defaults : new ArrayList<>(properties);
    chosen = chosen.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
    for (String name : chosen) {
      if (!database.known.contains(name)) {
        throw ConfigurationUtils.newConfigurationException(TYPE, tag, "properties",
            "illegal property value [" + name + "]. valid values are " + database.known);
      }
    }
    return new GeoIpProcessor(tag, description, new Options(field, target, database, chosen, ignoreMissing, firstOnly));
  }

  @Override
  public IngestDocument execute(IngestDocument document) {
    Object value = document.getFieldValue(options.field(), Object.class, options.ignoreMissing());
    if (value == null) {
      if (options.ignoreMissing()) return document;
      throw new IllegalArgumentException("field [" + options.field() + "] is null, cannot extract geoip information.");
    }
    if (value instanceof String ip) {
      Map<String, Object> found = look(ip);
      if (!found.isEmpty()) document.setFieldValue(options.targetField(), found);
    } else if (value instanceof List<?> list) {
      lookAll(document, list);
    } else {
      throw new IllegalArgumentException("field [" + options.field() + "] should contain only string or array of strings");
    }
    return document;
  }

  private void lookAll(IngestDocument document, List<?> addresses) {
    List<Map<String, Object>> all = new ArrayList<>();
    boolean any = false;
    for (Object address : addresses) {
      if (!(address instanceof String ip)) {
        throw new IllegalArgumentException("array in field [" + options.field() + "] should only contain strings");
      }
      Map<String, Object> found = look(ip);
      if (found.isEmpty()) {
        all.add(null);
        continue;
      }
      if (options.firstOnly()) {
        document.setFieldValue(options.targetField(), found);
        return;
      }
      any = true;
      all.add(found);
    }
    if (any) document.setFieldValue(options.targetField(), all);
  }

  private Map<String, Object> look(String ip) {
    Map<String, Object> found = new LinkedHashMap<>();
    Networks.Network network = Networks.find(ip);
    boolean covered = network != null && network.get(options.database() == Database.ASN ? "asn" : "country_iso_code") != null;
    if (!covered) return found;
    for (String name : options.properties()) {
      Object value = property(network, name, ip);
      if (value != null) found.put(name, value);
    }
    return found;
  }

  private static Object property(Networks.Network network, String name, String ip) {
    return switch (name) {
      case "ip" -> ip;
      case "network" -> network.cidr();
      case "asn" -> Long.valueOf(network.get("asn"));
      case "accuracy_radius" -> network.get("lat") == null ? null : (Object) 20;
      case "country_in_european_union" -> Boolean.valueOf(network.get("country_in_european_union"));
      case "location" -> {
        if (network.get("lat") == null) yield null;
        Map<String, Object> location = new LinkedHashMap<>();
        location.put("lat", Double.valueOf(network.get("lat")));
        location.put("lon", Double.valueOf(network.get("lon")));
        yield location;
      }
      default -> network.get(name);
    };
  }

  @Override
  public String getType() {
    return TYPE;
  }
}
