package standin;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.mapper.KeywordFieldMapper;
import org.elasticsearch.index.mapper.Mapper;
import org.elasticsearch.index.mapper.NumberFieldMapper;
import org.elasticsearch.index.mapper.TextFieldMapper;
import org.elasticsearch.ingest.Processor;
import org.elasticsearch.plugins.IngestPlugin;
import org.elasticsearch.plugins.MapperPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.plugins.ScriptPlugin;
import org.elasticsearch.script.ScriptContext;
import org.elasticsearch.script.ScriptEngine;

/** What the trimmed test distribution lacks and the generated artefacts use: field types, mustache, two processors. */
public class StandInPlugin extends Plugin implements IngestPlugin, MapperPlugin, ScriptPlugin {
  /** Accepted with their parameters, indexed as the nearest core type. */
  @Override
  public Map<String, Mapper.TypeParser> getMappers() {
    Map<String, Mapper.TypeParser> types = new HashMap<>();
    types.put("match_only_text", TextFieldMapper.PARSER); // itself, because a lambda could not stand in a multi-field
    types.put("wildcard", (name, config, context) -> KeywordFieldMapper.PARSER.parse(name, config, context));
    types.put("constant_keyword", (name, config, context) -> {
      config.remove("value");
      return KeywordFieldMapper.PARSER.parse(name, config, context);
    });
    types.put("scaled_float", (name, config, context) -> {
      config.remove("scaling_factor");
      return NumberFieldMapper.NumberType.DOUBLE.parser().parse(name, config, context);
    });
    return types;
  }

  /** Only processors that the distribution lacks: a second registration of one name keeps the server from starting. */
  @Override
  public Map<String, Processor.Factory> getProcessors(Processor.Parameters parameters) {
    Map<String, Processor.Factory> processors = new HashMap<>();
    Set<String> missing = Resource.lines("missing-processors.txt");
    if (missing.contains("geoip")) processors.put("geoip", Factories.of(GeoIpProcessor::create));
    if (missing.contains("user_agent")) processors.put("user_agent", Factories.of(UserAgentProcessor::create));
    return processors;
  }

  @Override
  public ScriptEngine getScriptEngine(Settings settings, Collection<ScriptContext<?>> contexts) {
    return new MustacheEngine();
  }
}
